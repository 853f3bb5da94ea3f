package devices_test

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The elements of a page, in order, and their texts.
type element struct {
	name  string
	attrs map[string]string
	text  string
}

// parse reads a page as XML, apart from what HTML leaves out: every element is
// closed, in order, and every attribute quoted.
func parse(t *testing.T, page string) (all []*element) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var open []*element
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			expect(t, "elements that are not closed", len(open), 0)
			return all
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, page)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name.Local, attrs: map[string]string{}}
			for _, a := range token.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			all, open = append(all, e), append(open, e)
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1].name != token.Name.Local {
				t.Fatalf("</%s> closes something else in\n%s", token.Name.Local, page)
			}
			open = open[:len(open)-1]
		case xml.CharData:
			for _, e := range open {
				e.text += string(token)
			}
		}
	}
}

func named(all []*element, name string) []*element {
	return slices.DeleteFunc(slices.Clone(all), func(e *element) bool { return e.name != name })
}

func one(t *testing.T, all []*element, name string) *element {
	t.Helper()
	found := named(all, name)
	if len(found) != 1 {
		t.Fatalf("%d elements %s, want one", len(found), name)
	}
	return found[0]
}

func TestThePageIsSoundHTMLForEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, ann := known(t, withLogin, firefox, "curl/8.5.0", "")
		w := ann.get("/sessions/", html)
		expect(t, "Content-Type", w.Header().Get("Content-Type"), "text/html; charset=utf-8")
		page := parse(t, w.Body.String())
		expect(t, "lang", one(t, page, "html").attrs["lang"], "en")
		expect(t, "title", one(t, page, "title").text, "Your sessions")
		expect(t, "h1", one(t, page, "h1").text, "Your sessions")
		one(t, page, "main")
		expect(t, "form", one(t, page, "form").attrs["method"], "post")
		expect(t, "headings", len(named(page, "h2")), 4)
		expect(t, "sessions", len(named(page, "li")), 4)
		for _, e := range page {
			for attr := range e.attrs {
				if e.name == "script" || attr == "style" || strings.HasPrefix(attr, "on") {
					t.Errorf("<%s %s>: no script and no style is needed", e.name, attr)
				}
			}
		}
		for _, e := range named(page, "time") {
			if _, err := time.Parse(time.RFC3339, e.attrs["datetime"]); err != nil || e.text == "" {
				t.Errorf("time %q, %q: %v", e.attrs["datetime"], e.text, err)
			}
		}
		said := map[string]bool{}
		for _, e := range named(page, "button") {
			if e.attrs["name"] != "end" || e.attrs["value"] == "" || said[e.text] {
				t.Errorf("a button %v that says %q", e.attrs, e.text)
			}
			said[e.text] = true
		}
		expect(t, "buttons", len(said), 5)
	})
}

func TestWhatAClientSaysOfItselfIsTextAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, ann := known(t, withLogin, `<script>alert(1)</script>"'&amp;`, "</li></ul><h1>x")
		body := ann.get("/sessions/", html).Body.String()
		lacks(t, "the page", body, "<script", "<h1>x")
		contains(t, "the page", body, "&lt;script&gt;alert(1)")
		expect(t, "sessions", len(named(parse(t, body), "li")), 3)
		lacks(t, "JSON", ann.get("/sessions/", api).Body.String(), "<script")
	})
}
