package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Chromium may keep a page as it was left, and show it again without a word to
// the server. It must not do so with the pages of somebody who has gone.
func TestAfter_signing_out_the_back_button_shows_nothing_of_the_signed_in_pages(t *testing.T) {
	everyHost(t, func(v *visitor) {
		v.open("/")
		v.signIn("Ann Smith")
		for _, path := range []string{"/session", "/sessions", "/settings", "/cookies", "/"} {
			res := v.open(path)
			v.answered(res, 200)
			if got := fmt.Sprint(res.Headers["Cache-Control"]); !strings.Contains(got, "no-store") {
				v.t.Errorf("%s: Cache-Control is %q, want no-store", path, got)
			}
		}
		v.press(signOut)
		pages := 0
		for run(v, chromedp.NavigationEntries()).CurrentIndex > 0 {
			if v.back() {
				v.t.Errorf("%s was restored as it had been left", run(v, chromedp.Location()))
			}
			v.holdsNot("Ann")
			pages++
		}
		if pages < 6 {
			v.t.Errorf("the story went back over %d pages, want 6 at least", pages)
		}
		for range pages { // what is restored now is what a stranger has seen on the way back
			v.leaf(+1)
			v.holdsNot("Ann")
		}
	})
}

// Without this the test above would pass in a Chromium that keeps no page. One
// that is short of memory may drop a page, so that it gets more than one try.
func TestThis_Chromium_restores_a_page_that_may_be_stored(t *testing.T) {
	findChromium(t)
	d := startDemo(t)
	v := startChromium(t).visitor(t, d.url)
	other := v.elsewhere("127.0.0.1", `<p>first</p>`)
	for range 5 {
		v.openURL(other)
		v.open("/")
		if v.back() {
			v.reads("first")
			return
		}
	}
	t.Error("the page was loaded anew each time")
}
