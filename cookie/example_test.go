package cookie_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/sojourn-go/session/cookie"
)

func ExampleAttrs() {
	fmt.Printf("%s\n", cookie.Append(nil, "__Host-Http-session", "abc", cookie.Attrs{}))
	fmt.Printf("%s\n", cookie.Append(nil, "theme", "dark", cookie.Attrs{Scriptable: true, MaxAge: 30 * 24 * time.Hour}))
	// Output:
	// __Host-Http-session=abc; Path=/; Secure; HttpOnly; SameSite=Lax
	// theme=dark; Path=/; Max-Age=2592000; Secure; SameSite=Lax
}

func ExampleAttrs_With() {
	site := cookie.Attrs{Path: "/app", SameSite: http.SameSiteStrictMode}
	remember := site.With(cookie.Attrs{MaxAge: 14 * 24 * time.Hour})
	fmt.Printf("%s\n", cookie.Append(nil, "__Http-session", "abc", remember))
	// Output:
	// __Http-session=abc; Path=/app; Max-Age=1209600; Secure; HttpOnly; SameSite=Strict
}

func ExampleCheck() {
	fmt.Println(cookie.Check("__Host-Http-session", cookie.Attrs{}))
	fmt.Println(cookie.Check("__Host-Http-session", cookie.Attrs{Path: "/app", Domain: ".example.com"}))
	// Output:
	// <nil>
	// cookie: Domain ".example.com" starts with a dot, which is out of use: use "example.com"
	// cookie: Path "/app" does not go with the prefix __Host-Http-, which stands for Path=/: use the name "__Http-session", or leave Path empty
	// cookie: Domain ".example.com" does not go with the prefix __Host-Http-, which stands for this host only: use the name "__Http-session", or leave Domain empty
}

func ExampleAppend() {
	handler := func(w http.ResponseWriter, _ *http.Request) {
		text := cookie.Append(nil, "__Host-Http-session", "abc", cookie.Attrs{MaxAge: time.Hour})
		w.Header().Add("Set-Cookie", string(text))
	}
	w := httptest.NewRecorder()
	handler(w, nil)
	fmt.Println(w.Header().Get("Set-Cookie"))
	// Output:
	// __Host-Http-session=abc; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax
}

func ExampleValues() {
	h := http.Header{"Cookie": {"__Host-id=mine; theme=dark", "__HOST-id=another's; __Host-id=second"}}
	for v := range cookie.Values(h, "__Host-id") {
		fmt.Println(v)
	}
	// Output:
	// mine
	// second
}
