package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/devices"
	"github.com/sojourn-go/session/flash"
)

//go:embed templates static
var files embed.FS

// pages are the parsed templates, by name.
type pages map[string]*template.Template

// A view is what a template gets.
type view struct {
	Title string
	Here  string // the path of the page, for the navigation
	Style string // the address of another style sheet, "" for none
	Flash []flash.Message
	Data  any
}

// parsePages returns the pages, which say below where sessions are kept.
func parsePages(whereabouts string) pages {
	p := pages{}
	for _, name := range []string{"home", "login", "session", "sessions", "unlisted", "settings", "cookies", "error"} {
		p[name] = template.Must(template.New("layout.html").Funcs(template.FuncMap{
			"machine":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
			"people":      people,
			"away":        func(t time.Time) string { return away(time.Until(t)) },
			"whereabouts": func() string { return whereabouts },
			"framed":      framed,
		}).ParseFS(files, "templates/layout.html", "templates/"+name+".html"))
	}
	return p
}

// framed is what the layout gets of package devices' page.
func framed(p *devices.Page) view {
	return view{Title: "Your sessions", Here: "/sessions", Style: p.Style, Data: p}
}

func people(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04:05 UTC") }

// show sends a page that belongs to the session, with the messages that wait for
// one.
func (s *site) show(w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	v.Flash = flash.Messages(session.From(r.Context()))
	s.pages.write(w, status, name, v)
}

// write sends a page. It is made as a whole first: half a page is worse than an
// error.
func (p pages) write(w http.ResponseWriter, status int, name string, v view) {
	var b bytes.Buffer
	if err := p[name].Execute(&b, v); err != nil {
		panic(fmt.Sprintf("sojourn: template %s: %v", name, err))
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the visitor has gone: nobody is left to tell
}

// away says how far off a moment is: "in 29 min 58 s", "4 s ago".
func away(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d == 0:
		return "just now"
	case d < 0:
		return span(-d) + " ago"
	}
	return "in " + span(d)
}

func span(d time.Duration) string {
	units := []struct {
		name string
		size time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}
	var parts []string
	for _, u := range units {
		if n := d / u.size; n > 0 && len(parts) < 2 {
			parts = append(parts, fmt.Sprintf("%d\u00a0%s", n, u.name))
		} else if len(parts) > 0 {
			break // "1 d 4 s" is more exact than anybody needs
		}
		d %= u.size
	}
	return strings.Join(parts, " ")
}

// assets are the handlers of the static files, by name. A browser asks again
// each time whether they have changed, and that they mostly have not is short.
func assets() map[string]http.HandlerFunc {
	all := map[string]http.HandlerFunc{}
	names, err := fs.Glob(files, "static/*")
	if err != nil {
		panic(err) // the pattern is ours
	}
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			panic(err) // it is part of this program
		}
		tag := fmt.Sprintf(`"%x"`, sha256.Sum256(data))
		all[path.Base(name)] = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", tag)
			w.Header().Set("Cache-Control", "no-cache")
			http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
		}
	}
	return all
}
