package browser

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// elsewhere serves a page of another origin than the demo's, and returns its
// address.
func (v *visitor) elsewhere(host, body string) string {
	v.t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!DOCTYPE html><html lang="en"><title>Elsewhere</title><link rel="icon" href="data:,">`+body)
	}))
	v.t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		v.t.Fatal(err)
	}
	return "http://" + host + ":" + u.Port() + "/"
}

func TestA_form_of_another_origin_is_refused_and_changes_nothing(t *testing.T) {
	findChromium(t)
	d, c := startDemo(t), startChromium(t)
	for _, to := range []string{"127.0.0.1", "localhost"} {
		for _, from := range []string{"localhost", "127.0.0.1"} { // with the same host it is the port that differs
			t.Run(from+" to "+to, func(t *testing.T) {
				v := c.visitor(t, d.at(to))
				v.open("/")
				v.signIn("Ann")
				token := v.token()
				v.expect("status of 403")
				v.expect("ExcludeSameSiteLax") // from another site the cookie stays away, too
				trap := v.elsewhere(from, fmt.Sprintf(`
<form method="post" action="%[1]s/login"><input name="name" value="Eve" aria-label="name" autocomplete="off"><button>Win</button></form>
<form method="post" action="%[1]s/logout"><button>Win</button></form>
<form method="post" action="%[1]s/sessions"><button name="end" value="others">Win</button></form>
<form method="post" action="%[1]s/settings/renew"><button>Win</button></form>`, v.url))
				for _, path := range []string{"/login", "/logout", "/sessions", "/settings/renew"} {
					v.openURL(trap)
					v.answered(v.press(fmt.Sprintf(`form[action="%s%s"] button`, v.url, path)), 403)
					v.reads("Not from here")
				}
				v.open("/session")
				v.reads("Ann")
				if v.token() != token {
					t.Error("the token has changed")
				}
			})
		}
	}
}
