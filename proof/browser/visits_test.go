package browser

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
)

func TestA_visitor_signs_in_is_greeted_and_counted_and_signs_out(t *testing.T) {
	everyHost(t, func(v *visitor) {
		v.answered(v.open("/"), 200)
		v.reads("Welcome, stranger.", "You accessed this page 1 times.")
		v.answered(v.signIn("Ann Smith"), 200)
		v.reads("Good to see you, Ann Smith.", "You accessed this page 2 times.")
		v.open("/")
		v.reads("Good to see you, Ann Smith.", "You accessed this page 3 times.")
		v.answered(v.press(signOut), 200)
		v.reads("Welcome, stranger.", "You accessed this page 1 times.")
		v.holdsNot("Ann")
	})
}

func TestThe_site_works_without_script(t *testing.T) {
	everyHost(t, func(v *visitor) {
		call(v, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		scripted := v.elsewhere("127.0.0.1", `<p id="p">no script</p><script>document.getElementById("p").textContent = "script"</script>`)
		v.openURL(scripted)
		v.reads("no script")

		v.open("/")
		v.reads("Welcome, stranger.", "You accessed this page 1 times.")
		v.signIn("Ann Smith")
		v.reads("Good to see you, Ann Smith.", "You accessed this page 2 times.")
		v.open("/")
		v.reads("You accessed this page 3 times.")
		v.press(signOut)
		v.reads("Welcome, stranger.", "You accessed this page 1 times.")
	})
}

func TestTwo_people_at_two_browsers_do_not_see_each_other(t *testing.T) {
	findChromium(t)
	d, c := startDemo(t), startChromium(t)
	ann, bob := c.visitor(t, d.url), c.visitor(t, d.url)
	for name, v := range map[string]*visitor{"Ann": ann, "Bob": bob} {
		v.open("/")
		v.signIn(name)
	}
	ann.open("/")
	ann.reads("Good to see you, Ann.", "You accessed this page 3 times.")
	ann.holdsNot("Bob")
	bob.open("/session")
	bob.reads("Bob")
	bob.holdsNot("Ann")
	if ann.token() == bob.token() {
		t.Error("they have the same token")
	}
	ann.press(signOut)
	ann.reads("Welcome, stranger.")
	bob.open("/")
	bob.reads("Good to see you, Bob.", "You accessed this page 3 times.")
}

// What is tried here takes real time: two seconds are enough for a slow machine
// to sign in before the session is over.
func TestWhose_session_has_expired_is_a_stranger_and_sees_no_error(t *testing.T) {
	findChromium(t)
	const idle = 2 * time.Second
	d, c := startDemo(t, "-idle", idle.String()), startChromium(t)
	stories := map[string]func(*visitor){
		"comes back":                func(v *visitor) { v.answered(v.open("/"), 200) },
		"signs out on the old page": func(v *visitor) { v.answered(v.press(signOut), 200) },
		"looks at the session":      func(v *visitor) { v.answered(v.open("/session"), 200); v.holdsNot("Ann"); v.open("/") },
		"presses the back button":   func(v *visitor) { v.leaf(-2) }, // over the login page, to the first visit
	}
	visitors := map[string]*visitor{}
	for name := range stories {
		v := c.visitor(t, d.url)
		v.open("/")
		v.signIn("Ann")
		v.reads("Good to see you, Ann.")
		visitors[name] = v
	}
	time.Sleep(idle + idle/8)
	for name, story := range stories {
		v := visitors[name]
		before := v.token()
		story(v)
		if text := v.text(); !strings.Contains(text, "Welcome, stranger.") || !strings.Contains(text, "You accessed this page 1 times.") {
			t.Errorf("who %s after the session has expired reads:\n%s", name, text)
		}
		if v.token() == before {
			t.Errorf("who %s after the session has expired keeps the token", name)
		}
	}
}
