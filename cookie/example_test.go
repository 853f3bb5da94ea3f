package cookie_test

import (
	"fmt"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/seal"
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

// A handler that remembers a choice of the visitor's.
func Example() {
	handler := func(w http.ResponseWriter, r *http.Request) {
		if choice := r.FormValue("theme"); choice != "" {
			if err := cookie.Set(w, "__Host-theme", choice, cookie.Attrs{MaxAge: 30 * 24 * time.Hour}); err != nil {
				http.Error(w, "This name is too long.", http.StatusBadRequest)
				return
			}
		}
		theme, ok := cookie.Get(r, "__Host-theme")
		fmt.Printf("%q %v\n", theme, ok)
	}
	w := httptest.NewRecorder()
	handler(w, httptest.NewRequest("POST", "/?theme=Zo%C3%AB%3B+admin%3D1", nil))
	fmt.Println(w.Header().Get("Set-Cookie"))

	next := httptest.NewRequest("GET", "/", nil)
	next.AddCookie(w.Result().Cookies()[0])
	handler(httptest.NewRecorder(), next)
	// Output:
	// "" false
	// __Host-theme=Zo%C3%AB%3B%20admin=1; Path=/; Max-Age=2592000; Secure; HttpOnly; SameSite=Lax
	// "Zoë; admin=1" true
}

func ExampleAll() {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "theme=dark; greeting=hello+Zo%C3%AB; theme=light; broken=50%")
	cookies := maps.Collect(cookie.All(r))
	for _, name := range slices.Sorted(maps.Keys(cookies)) {
		fmt.Printf("%s=%s\n", name, cookies[name])
	}
	// Output:
	// greeting=hello Zoë
	// theme=light
}

func ExampleGet() {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "__HOST-theme=another's; __Host-theme=Zo%C3%AB%3B%20admin=1")
	fmt.Println(cookie.Get(r, "__Host-theme"))
	fmt.Println(cookie.Get(r, "size"))
	// Output:
	// Zoë; admin=1 true
	//  false
}

func ExampleSet() {
	w := httptest.NewRecorder()
	fmt.Println(cookie.Set(w, "__Host-theme", "a+b; c", cookie.Attrs{Scriptable: true}))
	fmt.Println(w.Header().Get("Set-Cookie"))
	fmt.Println("Cache-Control:", w.Header().Get("Cache-Control"))
	// Output:
	// <nil>
	// __Host-theme=a%2Bb%3B%20c; Path=/; Secure; SameSite=Lax
	// Cache-Control: no-store
}

// What a browser would drop in silence is an error, and nothing is set.
func ExampleSet_incorrect() {
	w := httptest.NewRecorder()
	fmt.Println(cookie.Set(w, "__Host-theme", "dark", cookie.Attrs{Path: "/app"}))
	fmt.Println(cookie.Set(w, "cart", string(make([]byte, 2000)), cookie.Attrs{}))
	fmt.Println(len(w.Header()))
	// Output:
	// cookie: Path "/app" does not go with the prefix __Host-, which stands for Path=/: use the name "__Secure-theme", or leave Path empty
	// cookie: the Set-Cookie for "cart" has 6045 bytes, which is 1949 too many: browsers keep 4096, so keep less in it
	// 0
}

// The attributes are those that the cookie was set with.
func ExampleRemove() {
	w := httptest.NewRecorder()
	fmt.Println(cookie.Remove(w, "theme", cookie.Attrs{Path: "/app"}))
	fmt.Println(w.Header().Get("Set-Cookie"))
	// Output:
	// <nil>
	// theme=; Path=/app; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax
}

// A device that has shown its second factor is not asked for it again in 30 days.
func ExampleSealed() {
	keys, err := seal.NewKeys(seal.NewKey()) // in earnest, from seal.ParseKey
	if err != nil {
		log.Fatal(err)
	}
	type device struct{ User string }
	trusted, err := cookie.NewSealed[device](keys, "__Host-Http-device", cookie.SealedOptions{
		Purpose: "second factor", Lifetime: 30 * 24 * time.Hour, Persistent: true,
	})
	if err != nil {
		log.Fatal(err)
	}

	w := httptest.NewRecorder()
	if err := trusted.Set(w, device{User: "ann"}); err != nil {
		log.Fatal(err)
	}
	sent := w.Result().Cookies()[0]
	fmt.Println(sent.MaxAge, sent.Secure, sent.HttpOnly)

	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(sent)
	fmt.Println(trusted.Get(r))

	r.Header.Set("Cookie", sent.Name+"="+sent.Value[1:])
	fmt.Println(trusted.Get(r))
	// Output:
	// 2592000 true true
	// {ann} true
	// {} false
}

func ExampleSealed_Remove() {
	keys, _ := seal.NewKeys(seal.NewKey())
	step, err := cookie.NewSealed[int](keys, "__Host-Http-step", cookie.SealedOptions{Purpose: "checkout", Lifetime: time.Hour})
	if err != nil {
		log.Fatal(err)
	}
	w := httptest.NewRecorder()
	step.Remove(w)
	fmt.Println(w.Header().Get("Set-Cookie"))
	// Output:
	// __Host-Http-step=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax
}

// All faults come at once.
func ExampleNewSealed() {
	_, err := cookie.NewSealed[int](seal.Keys{}, "__Host-step", cookie.SealedOptions{
		Lifetime: -1, Attrs: cookie.Attrs{Domain: "example.com"},
	})
	fmt.Println(err)
	// Output:
	// cookie: Domain "example.com" does not go with the prefix __Host-, which stands for this host only: use the name "__Secure-step", or leave Domain empty
	// cookie: Purpose is empty: say what the cookie is for, as in "checkout"
	// cookie: Lifetime -1ns is negative: a sealed cookie cannot be revoked, so it has to end: use a millisecond to 400 days
	// seal: there is no key in the zero Keys: NewKeys makes them
}
