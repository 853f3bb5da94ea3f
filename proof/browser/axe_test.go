package browser

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axeVariable names the file axe.min.js of axe-core, which is not part of the
// tree.
const axeVariable = "SOJOURN_AXE"

// A finding is what axe-core has against a page.
type finding struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML, FailureSummary string
	}
}

const axeRun = `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(
	({id, impact, help, nodes}) => ({ID: id, Impact: impact ?? "", Help: help, Nodes: nodes.map(n => ({HTML: n.html, FailureSummary: n.failureSummary ?? ""}))})))`

func TestNo_page_has_a_serious_finding_of_axe(t *testing.T) {
	t.Parallel()
	script := axeScript(t)
	findChromium(t)
	v := startChromium(t).visitor(t, startDemo(t).url)
	call(v, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true}) // for axe, which is no part of the page
	v.tour(func(what, scheme string, d device) {
		t.Helper()
		for _, f := range v.findings(script) {
			if f.Impact == "serious" || f.Impact == "critical" {
				t.Errorf("%s, on a %s, %s: %s", what, d.name, scheme, f)
			} else {
				t.Logf("%s, on a %s, %s: %s", what, d.name, scheme, f)
			}
		}
	})
}

func axeScript(t *testing.T) string {
	t.Helper()
	path := os.Getenv(axeVariable)
	if path == "" {
		t.Skip("not run: axe-core: SOJOURN_AXE is not set")
	}
	script, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

func (f finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s", f.ID, f.Impact, f.Help)
	for _, n := range f.Nodes {
		fmt.Fprintf(&b, "\n%s\n%s", n.HTML, n.FailureSummary)
	}
	return b.String()
}

func (v *visitor) findings(script string) []finding {
	v.t.Helper()
	if !eval[bool](v, `"axe" in window`) {
		loaded := call(v, runtime.Evaluate, runtime.EvaluateParams{Expression: script})
		if loaded.ExceptionDetails != nil {
			v.t.Fatalf("axe-core does not load: %s", loaded.ExceptionDetails.Text)
		}
	}
	return run(v, chromedp.Evaluate[[]finding](axeRun, chromedp.EvalAwaitPromise))
}

// A check that finds nothing anywhere is worth nothing.
func TestAxe_finds_what_is_wrong_with_a_page(t *testing.T) {
	script := axeScript(t)
	findChromium(t)
	v := startChromium(t).visitor(t, startDemo(t).url)
	v.openURL(v.elsewhere("127.0.0.1", `<main><h1>Form</h1><input name="a" autocomplete="off"><p style="color: #ccc; background: #fff">pale</p></main>`))
	found := map[string]bool{}
	for _, f := range v.findings(script) {
		found[f.ID] = f.Impact == "serious" || f.Impact == "critical"
	}
	for _, id := range []string{"label", "color-contrast"} {
		if !found[id] {
			t.Errorf("axe-core finds no serious %s: %v", id, found)
		}
	}
	v.expect("GenericIssue")
}
