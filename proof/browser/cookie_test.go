package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
)

func TestThe_browser_holds_one_cookie_with_all_that_protects_it(t *testing.T) {
	everyHost(t, func(v *visitor) {
		v.open("/session")
		if all := v.cookies(); len(all) > 0 {
			v.t.Errorf("a visitor who was only looking has cookies: %v", names(all))
		}
		v.open("/")
		stranger := v.strictCookie()
		v.signIn("Ann")
		ann := v.strictCookie()
		if ann == stranger {
			v.t.Error("the token after the login is that of before")
		}
		v.open("/session")
		if v.strictCookie() != ann {
			v.t.Error("the token has changed without a reason")
		}
		v.open("/")
		v.press(signOut)
		if after := v.strictCookie(); after == ann || after == stranger {
			v.t.Error("the token after the logout is one of before")
		}
	})
}

// strictCookie checks the only cookie of the page, and returns its value.
func (v *visitor) strictCookie() string {
	v.t.Helper()
	all := v.cookies()
	if len(all) != 1 {
		v.t.Fatalf("the cookies are %v, want %s alone", names(all), cookieName)
	}
	c := all[0]
	host := strings.Split(strings.TrimPrefix(v.url, "http://"), ":")[0]
	got := fmt.Sprintf("%s, %d characters; Domain=%s; Path=%s; Secure %t; HttpOnly %t; SameSite=%s; until closed %t, %v; partition %v",
		c.Name, len(c.Value), c.Domain, c.Path, c.Secure, c.HTTPOnly, c.SameSite, c.Session, c.Expires, c.PartitionKey)
	// A Domain of one host alone is written without a dot before it.
	want := fmt.Sprintf("%s, %d characters; Domain=%s; Path=/; Secure true; HttpOnly true; SameSite=Lax; until closed true, -1; partition <nil>",
		cookieName, 64, host)
	if got != want {
		v.t.Errorf("the cookie is\n%s, want\n%s", got, want)
	}
	if seen := eval[string](v, `document.cookie`); seen != "" {
		v.t.Errorf("a script sees %q", seen)
	}
	return c.Value
}

func names(cookies []*network.Cookie) (all []string) {
	for _, c := range cookies {
		all = append(all, c.Name)
	}
	return all
}

func TestA_script_cannot_plant_the_cookie(t *testing.T) {
	everyHost(t, func(v *visitor) {
		plant := `document.cookie = "` + cookieName + `=` + strings.Repeat("A", 64) + `; Path=/; Secure; SameSite=Lax"`
		v.open("/session")
		eval[string](v, plant)
		if all := v.cookies(); len(all) > 0 {
			v.t.Errorf("a script has set %v", names(all))
		}
		v.open("/")
		before := v.token()
		eval[string](v, plant)
		if v.token() != before {
			v.t.Error("a script has replaced the token")
		}
	})
}
