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
	{"phone", 390, 844, []chromedp.EmulateViewportOption{chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2)}},
	{"desktop", 1280, 900, nil},
}

func (v *visitor) holds(d device) {
	v.t.Helper()
	run(v, chromedp.EmulateViewport(d.width, d.height, d.options...))
}

func TestNo_page_scrolls_sideways(t *testing.T) {
	findChromium(t)
	d, c := startDemo(t), startChromium(t)
	for _, device := range devices {
		t.Run(device.name, func(t *testing.T) {
			v := c.visitor(t, d.url)
			v.expect("status of 404")
			v.holds(device)
			v.fits(device, "/cookies", "/session", "/")
			v.signIn(strings.Repeat("W", 255)) // the longest name there is, and nowhere to break it
			v.reads("WWW")
			v.fits(device, "/", "/session", "/cookies", "/nowhere")
		})
	}
}

func (v *visitor) fits(d device, paths ...string) {
	v.t.Helper()
	for _, path := range paths {
		v.open(path)
		if got := eval[int64](v, `document.documentElement.scrollWidth`); got != d.width {
			v.t.Errorf("%s is %d pixels wide, on a %s of %d", path, got, d.name, d.width)
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
		v.leadsOver("skip brand Visits Session Cookies", "Cookies")

		v.open("/")
		v.tabTo("skip")
		run(v, chromedp.KeyEvent(kb.Enter))
		v.leadsOver("name", "name") // the first thing of the content that takes the focus
		run(v, chromedp.KeyEvent("Ann"))
		v.answered(v.leads(chromedp.KeyEvent(kb.Enter)), 200)
		v.reads("Good to see you, Ann.")

		v.tabTo("quiet")
		v.answered(v.leads(chromedp.KeyEvent(kb.Enter)), 200)
		v.reads("Welcome, stranger.")
	})
}

func (v *visitor) leadsOver(want, element string) {
	v.t.Helper()
	if got := strings.Join(v.tabTo(element), " "); got != want {
		v.t.Errorf("Tab leads over %s, want %s", got, want)
	}
}
