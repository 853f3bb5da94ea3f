package browser

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// A visitor is a person with a browser profile of their own, and one tab.
type visitor struct {
	t   *testing.T
	ctx context.Context
	url string
	*complaints
}

func (c *chromium) visitor(t *testing.T, url string) *visitor {
	t.Helper()
	return c.tab(t, url, chromedp.WithNewBrowserContext())
}

// owner is who the profile of the browser itself belongs to.
func (c *chromium) owner(t *testing.T, url string) *visitor { t.Helper(); return c.tab(t, url) }

func (c *chromium) tab(t *testing.T, url string, o ...chromedp.ContextOption) *visitor {
	t.Helper()
	ctx, cancel := chromedp.NewContext(c.ctx, o...)
	t.Cleanup(cancel)
	v := &visitor{t: t, ctx: ctx, url: url, complaints: &complaints{}}
	if err := v.listen(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		t.Helper()
		run(v, chromedp.Location()) // what was said before is heard by then
		for _, complaint := range v.heard() {
			t.Errorf("the browser complains: %s", complaint)
		}
	})
	return v
}

// run does one thing in the visitor's tab, and returns what came of it.
func run[T any](v *visitor, a chromedp.Action[T]) T {
	v.t.Helper()
	result, err := chromedp.Run(v.ctx, a)
	if err != nil {
		v.t.Fatal(err)
	}
	return result
}

// call sends a command of the DevTools protocol to the visitor's tab.
func call[P, R any](v *visitor, cmd cdp.Command[P, R], params P) R {
	v.t.Helper()
	result, err := chromedp.Call(v.ctx, cmd, params)
	if err != nil {
		v.t.Fatalf("%s: %v", cmd.Method, err)
	}
	return result
}

func eval[T any](v *visitor, script string) T {
	v.t.Helper()
	return run(v, chromedp.Evaluate[T](script))
}

// open goes to a page, as by typing its address.
func (v *visitor) open(path string) *network.Response {
	v.t.Helper()
	return v.openURL(v.url + path)
}

func (v *visitor) openURL(url string) *network.Response {
	v.t.Helper()
	return run(v, chromedp.NavigateResponse(url))
}

// leads does what leads to another page, and waits for that.
func (v *visitor) leads(steps ...chromedp.Action[chromedp.Void]) *network.Response {
	v.t.Helper()
	res, err := chromedp.RunResponse(v.ctx, steps...)
	if err != nil {
		v.t.Fatal(err)
	}
	return res
}

func (v *visitor) press(button string) *network.Response {
	v.t.Helper()
	return v.leads(chromedp.Click(chromedp.CSS(button)))
}

const (
	signIn  = `form[action="/login"] button`
	signOut = `form[action="/logout"] button`
)

// signIn goes to the login page, and signs in as a guest.
func (v *visitor) signIn(name string) *network.Response {
	v.t.Helper()
	v.open("/login")
	v.types("name", name)
	return v.press(signIn)
}

// The password of the demo's account Ada, and another one.
const (
	adasPassword = "analytical engine"
	another      = "difference engine"
)

// entersAsAda signs in on the login page that is shown.
func (v *visitor) entersAsAda(password string) *network.Response {
	v.t.Helper()
	run(v, chromedp.Clear(chromedp.CSS("#name")))
	v.types("name", "Ada")
	v.types("password", password)
	return v.press(signIn)
}

// types fills in a field of a form.
func (v *visitor) types(id, text string) {
	v.t.Helper()
	run(v, chromedp.SendKeys(chromedp.CSS("#"+id), text))
}

// id is the public name of the visitor's session.
func (v *visitor) id() string {
	v.t.Helper()
	v.open("/session")
	return eval[string](v, `document.querySelector("dd code").textContent`)
}

// at fails the test unless the visitor is on that page.
func (v *visitor) at(path string) {
	v.t.Helper()
	if got := run(v, chromedp.Location()); got != v.url+path {
		v.t.Errorf("the page is %s, want %s", got, v.url+path)
	}
}

// back presses the back button, and reports whether the page was restored as it
// had been left, with nothing asked of the server.
func (v *visitor) back() (restored bool) { v.t.Helper(); return v.leaf(-1) }

// leaf goes so many pages forward in the history, or back.
func (v *visitor) leaf(by int64) (restored bool) {
	v.t.Helper()
	history := run(v, chromedp.NavigationEntries())
	to := page.NavigateToHistoryEntryParams{EntryID: history.Entries[history.CurrentIndex+by].ID}
	arrived := run(v, chromedp.WaitEvent(page.FrameNavigated,
		func(e page.EventFrameNavigated) bool { return e.Frame.ParentID == "" },
		func(ctx context.Context, t *chromedp.Target) (cdp.Empty, error) {
			return cdp.Call(ctx, t, page.NavigateToHistoryEntry, to)
		}))
	v.settle()
	return arrived.Type == page.NavigationTypeBackForwardCacheRestore
}

// settle waits until a page that has just arrived is complete. In the first
// moments there may be nothing that answers.
func (v *visitor) settle() {
	v.t.Helper()
	for v.ctx.Err() == nil {
		state, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`document.readyState`))
		if err == nil && state == "complete" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	v.t.Fatal("the page does not arrive")
}

// text is what is to be read on the page.
func (v *visitor) text() string { v.t.Helper(); return eval[string](v, `document.body.innerText`) }

// reads fails the test unless the page shows all of the texts.
func (v *visitor) reads(texts ...string) {
	v.t.Helper()
	page := v.text()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			v.t.Errorf("there is no %q on the page:\n%s", text, page)
		}
	}
}

// holdsNot fails the test if the page has the text anywhere, shown or not.
func (v *visitor) holdsNot(text string) {
	v.t.Helper()
	if source := eval[string](v, `document.documentElement.outerHTML`); strings.Contains(source, text) {
		v.t.Errorf("there is %q in the page:\n%s", text, source)
	}
}

// cookies are all that the browser would send to the page it shows.
func (v *visitor) cookies() []*network.Cookie {
	v.t.Helper()
	return call(v, network.GetCookies, network.GetCookiesParams{}).Cookies
}

const cookieName = "__Host-Http-session"

// token is the value of the session's cookie, empty if there is none.
func (v *visitor) token() string {
	v.t.Helper()
	all := v.cookies()
	i := slices.IndexFunc(all, func(c *network.Cookie) bool { return c.Name == cookieName })
	if i < 0 {
		return ""
	}
	return all[i].Value
}

// answered fails the test unless the response has the status.
func (v *visitor) answered(res *network.Response, status int64) {
	v.t.Helper()
	if res == nil {
		v.t.Fatalf("there is no answer, want status %d", status)
	}
	if res.Status != status {
		v.t.Errorf("%s answered with status %d, want %d", res.URL, res.Status, status)
	}
}
