package browser

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Each visitor has a browser profile of their own.
func TestOne_browser_ends_the_session_in_another_and_then_all_others(t *testing.T) {
	findChromium(t)
	d, c := startDemo(t), startChromium(t)
	desk, phone, tablet := c.visitor(t, d.url), c.visitor(t, d.url), c.visitor(t, d.url)
	for _, v := range []*visitor{desk, phone, tablet} {
		v.signIn("Ann")
	}
	lost := phone.id()
	desk.open("/sessions")
	desk.reads("this one")
	if n := eval[int](desk, `document.querySelectorAll(".sessions li").length`); n != 3 {
		t.Errorf("%d sessions are listed, want 3", n)
	}
	desk.answered(desk.press(`button[value="`+lost+`"]`), 200)
	desk.reads("The session has ended.")
	desk.holdsNot(`value="` + lost)
	phone.open("/")
	phone.reads("Welcome, stranger.")
	tablet.open("/")
	tablet.reads("Good to see you, Ann.")

	phone.signIn("Ann")
	desk.open("/sessions")
	desk.press(`button[value="others"]`)
	desk.reads("All other sessions have ended.", "There are no other sessions.")
	for _, v := range []*visitor{phone, tablet} {
		v.open("/")
		v.reads("Welcome, stranger.")
	}
	desk.open("/")
	desk.reads("Good to see you, Ann.")
}

func TestA_message_is_shown_once(t *testing.T) {
	findChromium(t)
	v := startChromium(t).visitor(t, startDemo(t).url)
	v.signIn("Ann")
	const message = `document.querySelector('main [role="status"]')?.innerText ?? ""`
	if got := eval[string](v, message); got != "You are signed in." {
		t.Errorf("after the login the message is %q", got)
	}
	for _, path := range []string{"/", "/session"} {
		v.open(path)
		if got := eval[string](v, message); got != "" {
			t.Errorf("at the next page, %s, there is the message %q", path, got)
		}
	}

	v.open("/settings") // by a form with a token
	before := v.token()
	v.answered(v.press(`form[action="/settings/renew"] button`), 200)
	if got := eval[string](v, message); got != "Your cookie has a new value." || v.token() == before {
		t.Errorf("after the renewal the message is %q, and the token another one: %t", got, v.token() != before)
	}
}

func TestAnother_password_signs_the_other_browsers_out(t *testing.T) {
	t.Parallel()
	findChromium(t)
	d, c := startDemo(t), startChromium(t)
	here, there := c.visitor(t, d.url), c.visitor(t, d.url)
	for _, v := range []*visitor{here, there} {
		v.open("/settings")
		v.at("/login?return=%2Fsettings")
		v.entersAsAda(adasPassword)
		v.at("/settings")
	}
	here.types("old", adasPassword)
	here.types("new", another)
	here.answered(here.press(`form[action="/settings"] button`), 200)
	here.reads("Your password is changed.", "at one other place")
	here.open("/")
	here.reads("Good to see you, Ada.")
	there.open("/")
	there.reads("Welcome, stranger.")
}

// A remembered session is as good as any, but of whom it was idle for too long
// the settings ask who it is. What is tried here takes real time.
func TestWho_was_away_is_asked_once_more_for_the_settings_and_comes_back_to_them(t *testing.T) {
	t.Parallel()
	findChromium(t)
	const idle = 2 * time.Second
	d, c := startDemo(t, "-idle", idle.String()), startChromium(t)
	v := c.visitor(t, d.url)
	v.open("/login")
	run(v, chromedp.Click(chromedp.CSS("#remember")))
	v.entersAsAda(adasPassword)
	time.Sleep(idle + idle/8)

	v.open("/")
	v.reads("Good to see you, Ada.")
	v.open("/settings")
	v.at("/login?return=%2Fsettings")
	v.reads("Sign in once more", "You are signed in as Ada.")
	v.entersAsAda(adasPassword)
	v.at("/settings")
	v.reads("You have signed in once more.", "Change your password")
}

// The two names of this machine are two sites to a browser, with a cookie each.
func TestWho_asked_to_be_remembered_is_so_after_the_browser_was_closed(t *testing.T) {
	findChromium(t)
	d, profile := startDemo(t), t.TempDir()
	sites := map[string]bool{"127.0.0.1": true, "localhost": false}
	t.Run("open", func(t *testing.T) {
		c := startChromium(t, chromedp.UserDataDir(profile))
		for host, remember := range sites {
			v := c.owner(t, d.at(host))
			v.open("/login")
			if remember {
				run(v, chromedp.Click(chromedp.CSS("#remember")))
			}
			v.types("name", "Ann")
			v.press(signIn)
			v.reads("Good to see you, Ann.")
			all := v.cookies()
			if len(all) != 1 || all[0].Session == remember {
				t.Fatalf("%s: the cookies are %v, want one that stays: %t", host, names(all), remember)
			}
			if days := time.Until(time.Unix(int64(all[0].Expires), 0)).Hours() / 24; remember && (days < 29.9 || days > 30.1) {
				t.Errorf("the cookie stays for %.1f days, want 30", days)
			}
		}
	})
	t.Run("open again", func(t *testing.T) {
		c := startChromium(t, chromedp.UserDataDir(profile))
		for host, remember := range sites {
			v := c.owner(t, d.at(host))
			v.open("/")
			if got := strings.Contains(v.text(), "Good to see you, Ann."); got != remember {
				t.Errorf("%s: signed in is %t, want %t", host, got, remember)
			}
		}
	})
}

func TestSealed_sessions_cannot_be_listed_and_all_else_works(t *testing.T) {
	t.Setenv("SOJOURN_KEY", keygen(t))
	findChromium(t)
	v := startChromium(t).visitor(t, startDemo(t, "-store", "sealed").url)
	v.open("/settings")
	v.types("name", "Ann")
	v.press(signIn)
	v.at("/settings")
	v.reads("You are signed in.")
	v.open("/sessions")
	v.reads("There is no list of them")
	v.fits("/sessions")
	v.open("/settings")
	v.press(`form[action="/settings/renew"] button`)
	v.reads("Your cookie has a new value.")
	v.open("/")
	v.reads("Good to see you, Ann.", "You accessed this page 1 times.")
	v.press(signOut)
	v.reads("Welcome, stranger.")
	v.back()
	v.holdsNot("Ann")
}
