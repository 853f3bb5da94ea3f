package browser

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is for all that a test does with its Chromium, on a machine that has
// other things to do.
const patience = 2 * time.Minute

// A chromium is a browser that runs, with an empty profile.
type chromium struct {
	t   *testing.T
	ctx context.Context
}

func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("there is no chromium, chromium-browser or google-chrome in PATH")
	return ""
}

func startChromium(t *testing.T, more ...chromedp.ExecAllocatorOption) *chromium {
	t.Helper()
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(findChromium(t)), chromedp.Headless, chromedp.NoSandbox, chromedp.NoFirstRun,
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), // it is too small in some containers
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	ctx, release := chromedp.NewExecAllocator(ctx, append(flags, more...)...)
	t.Cleanup(release)
	ctx, _ = chromedp.NewContext(ctx) // Cancel ends it
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("Chromium does not stop: %v", err)
		}
	})
	return &chromium{t: t, ctx: ctx}
}

// everyHost tells a story to a demo under both names that browsers trust with
// Secure cookies over http.
func everyHost(t *testing.T, story func(*visitor), flags ...string) {
	findChromium(t)
	d := startDemo(t, flags...)
	c := startChromium(t)
	for _, host := range []string{"127.0.0.1", "localhost"} {
		t.Run(host, func(t *testing.T) { story(c.visitor(t, d.at(host))) })
	}
}
