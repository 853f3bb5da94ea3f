package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A device is what somebody looks at the site with.
type device struct {
	name          string
	width, height int64
	options       []chromedp.EmulateViewportOption
}

var devices = []device{
	{"phone", 360, 780, []chromedp.EmulateViewportOption{chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2)}},
	{"desktop", 1280, 900, nil},
}

func (v *visitor) holds(d device) {
	v.t.Helper()
	run(v, chromedp.EmulateViewport(d.width, d.height, d.options...))
}

func TestNo_page_scrolls_sideways(t *testing.T) {
	findChromium(t)
	v := startChromium(t).visitor(t, startDemo(t).url)
	v.expect("status of 404")
	v.fits("/cookies", "/session", "/login", "/login?return=/settings", "/")
	v.signIn(strings.Repeat("W", 255)) // the longest name there is, and nowhere to break it
	v.reads("WWW")
	v.fits("/", "/session", "/sessions", "/settings", "/login", "/cookies", "/nowhere")
	v.open("/login")
	v.entersAsAda(adasPassword)
	v.fits("/settings")
}

func (v *visitor) fits(paths ...string) {
	v.t.Helper()
	for _, path := range paths {
		v.open(path)
		for _, d := range devices {
			v.holds(d)
			if got := eval[int64](v, `document.documentElement.scrollWidth`); got != d.width {
				v.t.Errorf("%s is %d pixels wide, on a %s of %d", path, got, d.name, d.width)
			}
		}
	}
}

// A stop is where the Tab key leads to.
type stop struct {
	Element string
	Outline float64
	Inside  bool // all of it can be seen
}

const focused = `(() => {
	const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
	return {
		Element: e.id || e.className || e.textContent.trim(),
		Outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
		Inside: box.width > 0 && box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight,
	};
})()`

// tabTo presses Tab until the element has the focus, and looks at every stop.
func (v *visitor) tabTo(element string) (stops []string) {
	v.t.Helper()
	for range 20 {
		run(v, chromedp.KeyEvent(kb.Tab))
		s := eval[stop](v, focused)
		if s.Outline <= 0 || !s.Inside {
			v.t.Errorf("the focus is not to be seen: %+v", s)
		}
		stops = append(stops, s.Element)
		if s.Element == element {
			return stops
		}
	}
	v.t.Fatalf("Tab leads to %q and not to %q", stops, element)
	return nil
}

func TestThe_keyboard_alone_is_enough(t *testing.T) {
	everyHost(t, func(v *visitor) {
		v.holds(devices[1])
		v.open("/session")
		v.leadsOver("skip brand Visits Session Devices Settings Cookies", "Cookies")

		v.open("/login")
		v.tabTo("skip")
		v.strikes(kb.Enter)
		v.leadsOver("name", "name") // the first thing of the content that takes the focus
		v.strikes("Ann")
		v.leadsOver("password remember Sign in", "Sign in")
		v.answered(v.leads(chromedp.KeyEvent(" ")), 200)
		v.reads("Good to see you, Ann.")

		v.tabTo("quiet")
		v.answered(v.leads(chromedp.KeyEvent(kb.Enter)), 200)
		v.reads("Welcome, stranger.")
	})
}

func TestBy_keyboard_alone_sessions_are_ended_and_a_password_is_changed(t *testing.T) {
	t.Parallel()
	findChromium(t)
	d, c := startDemo(t), startChromium(t)
	other := c.visitor(t, d.url)
	other.signIn("Ann")
	v := c.visitor(t, d.url)
	v.holds(devices[1])

	v.open("/sessions") // which is for who is signed in
	v.tabTo("name")
	v.strikes("Ann")
	v.tabTo("remember")
	v.strikes(" ")
	v.leads(chromedp.KeyEvent(kb.Enter)) // as in any field of a form
	v.at("/sessions")
	v.reads("stays signed in")
	v.tabTo("End all other sessions")
	v.leads(chromedp.KeyEvent(" "))
	v.reads("All other sessions have ended.")
	other.open("/")
	other.reads("Welcome, stranger.")

	v.open("/login?return=/settings")
	v.tabTo("name") // which selects what is there
	v.strikes("Ada")
	v.tabTo("password")
	v.strikes(adasPassword)
	v.leads(chromedp.KeyEvent(kb.Enter))
	v.at("/settings")
	v.tabTo("old")
	v.strikes(adasPassword)
	v.tabTo("new")
	v.strikes(another)
	v.tabTo("Change password")
	v.leads(chromedp.KeyEvent(kb.Enter))
	v.reads("Your password is changed.")
}

func (v *visitor) strikes(keys string) { v.t.Helper(); run(v, chromedp.KeyEvent(keys)) }

func (v *visitor) leadsOver(want, element string) {
	v.t.Helper()
	if got := strings.Join(v.tabTo(element), " "); got != want {
		v.t.Errorf("Tab leads over %s, want %s", got, want)
	}
}
