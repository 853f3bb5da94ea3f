package browser

import (
	"bytes"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

func TestLight_and_dark_pages_are_light_and_dark_and_nothing_complains(t *testing.T) {
	findChromium(t)
	v := startChromium(t).visitor(t, startDemo(t).url)
	v.tour(v.picture)
}

// everywhere does something with the page as it is on each device, in each
// colour scheme that the visitor's system may ask for.
func (v *visitor) everywhere(do func(scheme string, d device)) {
	v.t.Helper()
	for _, d := range devices {
		v.holds(d)
		for _, scheme := range []string{"light", "dark"} {
			call(v, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			do(scheme, d)
		}
	}
}

// tour shows every page there is.
func (v *visitor) tour(shown func(what, scheme string, d device)) {
	v.t.Helper()
	show := func(what string) {
		v.t.Helper()
		v.everywhere(func(scheme string, d device) { v.t.Helper(); shown(what, scheme, d) })
	}
	v.open("/session")
	show("no-session")
	v.open("/cookies")
	show("no-cookies")
	v.open("/")
	show("home")
	v.open("/login")
	show("login")
	v.expect("status of 422")
	v.answered(v.signIn(" "), 422)
	show("name-not-taken")
	v.signIn("Ann Smith")
	show("signed-in")
	v.open("/settings")
	show("settings-of-a-guest")
	v.open("/login?return=/settings")
	show("login-once-more")
	v.answered(v.entersAsAda("wrong"), 422)
	show("password-not-taken")
	v.types("password", adasPassword)
	v.press(signIn)
	v.at("/settings")
	show("settings")
	v.types("old", "wrong")
	v.types("new", another)
	v.answered(v.press(`form[action="/settings"] button`), 422)
	show("password-not-changed")
	v.open("/sessions")
	show("sessions")
	v.open("/session")
	show("session")
	v.open("/cookies")
	show("cookies")
	v.expect("status of 404")
	v.answered(v.open("/nowhere"), 404)
	show("not-found")
}

// picture looks at how light the page is, and keeps a picture of it if somebody
// wants to look, too.
func (v *visitor) picture(what, scheme string, d device) {
	v.t.Helper()
	if got := v.brightness(d); (scheme == "light") != (got > 0.75) || (scheme == "dark") != (got < 0.25) {
		v.t.Errorf("%s has a brightness of %.2f in the %s scheme", what, got, scheme)
	}
	dir := os.Getenv("SOJOURN_SCREENSHOTS")
	if dir == "" {
		return
	}
	shot := run(v, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(dir, what+"-"+d.name+"-"+scheme+".png"), shot, 0o600); err != nil {
		v.t.Error(err)
	}
}

// brightness is the mean of what is to be seen, from 0 for black to 1 for white.
func (v *visitor) brightness(d device) float64 {
	v.t.Helper()
	small := page.Viewport{Width: float64(d.width), Height: float64(d.height), Scale: 1.0 / 8}
	shot := call(v, page.CaptureScreenshot, page.CaptureScreenshotParams{Clip: &small})
	img, err := png.Decode(bytes.NewReader(shot.Data))
	if err != nil {
		v.t.Fatal(err)
	}
	sum, size := 0.0, img.Bounds()
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			sum += float64(color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y) / 255
		}
	}
	return sum / float64(size.Dx()*size.Dy())
}

// A test that listens for complaints is worth nothing if it is deaf.
func TestA_violation_of_the_policy_is_heard(t *testing.T) {
	findChromium(t)
	v := startChromium(t).visitor(t, startDemo(t).url)
	v.open("/")
	for what, script := range map[string]string{
		"style":  `document.body.setAttribute("style", "color: red")`,
		"script": `document.body.append(Object.assign(document.createElement("script"), {textContent: "1"}))`,
	} {
		before := len(v.heard())
		eval[chromedp.Void](v, script)
		for deadline := time.Now().Add(patience); len(v.heard()) == before; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("nothing was heard of an inline %s", what)
			}
		}
	}
	v.expect("Content Security Policy")
	v.expect("ContentSecurityPolicyIssue")
}
