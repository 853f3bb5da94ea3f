package devices

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/sojourn-go/session"
)

// A Page is what a template is given. Options.Template can show it in a way of
// its own, or put what the built-in page shows into its own frame, with Body.
//
// A template of its own posts a form to the same address, with Field in it and
// a button for each session:
//
//	<form method="post">{{.Field}}
//	<button name="end" value="{{.ID}}">End</button>
//	<button name="end" value="others">End all others</button>
type Page struct {
	Sessions []Session     // this one first, then the last used first
	MayEnd   bool          // the visitor signed in lately enough to end others than this one
	Login    bool          // there is a page to sign in on: "?fresh=1" leads there, and back
	Field    template.HTML // what Options.Field returned
	Notice   string        // what has just happened, in English; "": nothing
	Style    string        // the address of the style sheet, relative to the page
}

// A Session is one session of the list.
type Session struct{ session.Info }

// Others returns how many sessions there are besides the visitor's own.
func (p *Page) Others() int {
	n := 0
	for _, s := range p.Sessions {
		if !s.Current {
			n++
		}
	}
	return n
}

// Body returns what the built-in page has inside of its main element, from the
// heading on. Its style sheet is Style.
func (p *Page) Body() (template.HTML, error) {
	var b bytes.Buffer
	err := builtIn.ExecuteTemplate(&b, "body", p)
	return template.HTML(b.String()), err
}

// Time returns t as a time element, with words such as "3 hours ago".
func (p *Page) Time(t time.Time) template.HTML {
	utc := t.UTC()
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s</time>`,
		utc.Format(time.RFC3339), utc.Format("2 January 2006, 15:04 UTC"), words(t, time.Now())))
}

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var builtIn = template.Must(template.New("page").Parse(pageHTML))

// page answers with p. It is made before the response begins, so that a failure
// is one.
func (h *handler) page(w http.ResponseWriter, r *http.Request, status int, p *Page) {
	var b bytes.Buffer
	err := h.render(&b, r, p)
	if err != nil {
		h.o.ErrorHandler(w, r, err)
		return
	}
	head := w.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Add("Vary", "Accept")
	if h.o.Template == nil && len(head[policy]) == 1 { // there is none but ours
		// No form-action: browsers hold that against where the login page leads
		// to after a form, too.
		head.Set(policy, "default-src 'none'; style-src 'self'; base-uri 'none'; "+unframed)
	}
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the client is gone
}

func (h *handler) render(b *bytes.Buffer, r *http.Request, p *Page) (err error) {
	if h.o.Field != nil {
		if p.Field, err = h.o.Field(h.m.From(r.Context())); err != nil {
			return fmt.Errorf("devices: Options.Field: %w", err)
		}
	}
	t := h.o.Template
	if t == nil {
		t = builtIn
	}
	if err = t.Execute(b, p); err != nil {
		err = fmt.Errorf("devices: %w", err)
	}
	return err
}

const (
	policy   = "Content-Security-Policy"
	unframed = "frame-ancestors 'none'"
)

// protect has an answer neither stored nor put into a frame, where a click on
// "End" looks like one on something else. It comes first, so that it holds for
// what guards and handlers of errors answer, too. What the site around says of
// frames is for its other pages. A policy of the site's own stays as it is: of
// several, browsers enforce each.
func protect(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Frame-Options", "DENY")
	h.Add(policy, unframed)
}

// ended is what a form has ended, an id or others, until the page says so. A
// link to the page can say what it likes: this is in the session, where nothing
// else puts it.
var ended = session.NewKey[string]("_devices")

// notice returns what is to be said above the list.
func notice(s *session.Session, r *http.Request, p *Page, status int) string {
	query := r.URL.Query()
	what := query.Get(endedParameter)
	switch {
	case status == http.StatusNotFound:
		return "There is no such session any more. Nothing was ended."
	case what != "" && what == ended.Get(s) && !ahead(r):
		return told(s, p, what)
	case query.Has(freshParameter) && p.MayEnd && p.Others() > 0:
		return "Now you can end sessions. Nothing has been ended yet."
	}
	return ""
}

// told returns what there is to be said of what has ended, unless the list says
// something else meanwhile, and has it said once.
func told(s *session.Session, p *Page, what string) string {
	// No Take, and no Delete: if the page is fetched twice at once, neither
	// fails, and what another form has ended since is still to be said.
	ended.Update(s, func(waiting string) string {
		if waiting == what {
			return ""
		}
		return waiting
	})
	switch {
	case what == others && p.Others() == 0:
		return "All other sessions have ended."
	case what != others && !slices.ContainsFunc(p.Sessions, func(each Session) bool { return each.ID == what }):
		return "The session has ended."
	}
	return ""
}

// A sheet is the style sheet, and the hash that its address contains: so a
// browser asks for it once.
type sheet struct{ text, hash string }

func newSheet(more string) sheet {
	text := pageCSS
	if more != "" {
		text += "\n" + more
	}
	sum := sha256.Sum256([]byte(text))
	return sheet{text, hex.EncodeToString(sum[:6])}
}

func (s sheet) link() string { return "?" + styleParameter + "=" + s.hash }

// serve needs no session. The answer is private all the same, since whoever
// guards the whole handler makes it one of a visitor's.
func (s sheet) serve(w http.ResponseWriter, _ *http.Request, hash string) {
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-cache")
	if hash == s.hash {
		h.Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	_, _ = w.Write([]byte(s.text)) // the client is gone
}
