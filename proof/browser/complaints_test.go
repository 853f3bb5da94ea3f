package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// issues are those that a page can be blamed for. The others are hints, and of
// those every new Chromium has more.
var issues = []audits.InspectorIssueCode{
	audits.InspectorIssueCodeContentSecurityPolicyIssue,
	audits.InspectorIssueCodeCookieIssue,
	audits.InspectorIssueCodeMixedContentIssue,
	audits.InspectorIssueCodeBlockedByResponseIssue,
	audits.InspectorIssueCodeQuirksModeIssue,
	audits.InspectorIssueCodeGenericIssue, // forms and their labels
}

// complaints are what the developer tools would show in red of a tab.
type complaints struct {
	mu       sync.Mutex
	all      []string
	expected []string
}

func (c *complaints) listen(ctx context.Context) error {
	if err := chromedp.Listen(ctx, c.hear); err != nil {
		return err
	}
	_, err := chromedp.Call(ctx, audits.Enable, cdp.Empty{})
	return err
}

func (c *complaints) hear(event any) {
	complaint := ""
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			complaint = fmt.Sprintf("%s %s: %s: %s", e.Entry.Source, e.Entry.Level, e.Entry.URL, e.Entry.Text)
		}
	case *runtime.EventConsoleAPICalled:
		complaint = fmt.Sprintf("console.%s was called", e.Type) // the demo has no script
	case *runtime.EventExceptionThrown:
		complaint = "exception: " + e.ExceptionDetails.Text
	case *audits.EventIssueAdded:
		if slices.Contains(issues, e.Issue.Code) {
			details, _ := json.Marshal(e.Issue.Details)
			complaint = fmt.Sprintf("issue %s: %s", e.Issue.Code, details)
		}
	}
	if complaint == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, complaint)
}

// expect says that complaints which hold the text are part of the story.
func (c *complaints) expect(text string) { c.expected = append(c.expected, text) }

// heard returns the complaints that nobody expected.
func (c *complaints) heard() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.all), func(complaint string) bool {
		return slices.ContainsFunc(c.expected, func(text string) bool { return strings.Contains(complaint, text) })
	})
}
