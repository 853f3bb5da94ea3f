package fresh

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sojourn-go/session"
)

// deny answers who is not let through. known says that it is somebody, who was
// not recognised lately or surely enough.
func (g guard) deny(w http.ResponseWriter, r *http.Request, known bool) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept, Sec-Fetch-Mode") // the session adds Cookie
	fetches := r.Method == http.MethodGet || r.Method == http.MethodHead
	page := opensPage(r)
	if g.login != "" && g.isLogin(r) {
		g.login = "" // to send it there would go on for ever
	}
	if page && fetches && g.login != "" {
		h.Set("Location", g.loginFrom(asked(r)))
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	h.Set("WWW-Authenticate", g.challenge(known))
	h.Set("X-Content-Type-Options", "nosniff")
	switch {
	case page:
		g.denyPage(w, known, referring(r))
	case acceptsJSON(r):
		g.denyJSON(w, known)
	default:
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintln(w, title(known)+".")
	}
}

// opensPage reports whether a browser will show the answer to its user. One
// that says what it fetches for is believed; an older one asks for HTML.
func opensPage(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	return (mode == "" || mode == "navigate") && strings.Contains(accepted(r), "text/html")
}

// acceptsJSON is asked after opensPage, and so a program that accepts both, but
// opens no page, gets JSON.
func acceptsJSON(r *http.Request) bool {
	accept := accepted(r)
	return strings.Contains(accept, "application/json") || strings.Contains(accept, "+json")
}

func accepted(r *http.Request) string {
	return strings.ToLower(strings.Join(r.Header.Values("Accept"), ","))
}

// challenge returns the line of WWW-Authenticate; see the package's
// documentation. RFC 6750, 3.1: nothing is said of an error to who brought
// nothing that could be wrong.
func (g guard) challenge(known bool) string {
	var params []string
	if known {
		params = append(params, `error="insufficient_user_authentication"`)
	}
	if g.level > 0 {
		params = append(params, fmt.Sprintf(`acr_values="aal%d"`, g.level))
	}
	if g.within > 0 {
		params = append(params, `max_age="`+strconv.FormatInt(seconds(g.within), 10)+`"`)
	}
	return strings.TrimSpace("Cookie " + strings.Join(params, ", "))
}

// seconds rounds down: a login that is so many seconds old is recent enough.
func seconds(d time.Duration) int64 { return int64(d / time.Second) }

func (g guard) denyJSON(w http.ResponseWriter, known bool) {
	answer := struct {
		Error  string        `json:"error"`
		Level  session.Level `json:"level,omitempty"`
		MaxAge int64         `json:"max_age,omitempty"`
		Login  string        `json:"login,omitempty"`
	}{"login_required", g.level, seconds(g.within), g.login}
	if known {
		answer.Error = "insufficient_user_authentication"
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	_ = json.NewEncoder(w).Encode(answer) // the client is gone
}

func title(known bool) string {
	if known {
		return "Please sign in once more"
	}
	return "Please sign in"
}

var denied = template.Must(template.New("denied").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.Title}}</title>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
<p>This needs to be sure that it is you. Nothing has been done yet.</p>
{{with .Login}}<p><a href="{{.}}">Sign in</a></p>
{{end}}</main>
</body>
</html>
`))

func (g guard) denyPage(w http.ResponseWriter, known bool, back string) {
	data := struct{ Title, Login string }{title(known), ""}
	if g.login != "" {
		data.Login = g.loginFrom(back)
	}
	var page bytes.Buffer
	if err := denied.Execute(&page, data); err != nil {
		panic(err) // of a constant template with two texts
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = page.WriteTo(w) // the client is gone
}
