package devices

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/fresh"
)

// The parameters in the query of the page.
const (
	styleParameter = "style" // the style sheet, and not the page
	freshParameter = "fresh" // who sees the page has to be able to end sessions
	endedParameter = "ended" // what has just been ended: an id, or others
)

// The field of the form that says what to end: an id, or others.
const (
	endField = "end"
	others   = "others"
)

// post ends what the form says, for who may.
func (h *handler) post(w http.ResponseWriter, r *http.Request) {
	// The zero one, since it has no exceptions: an application's own trusts
	// origins for purposes of its own.
	if err := new(http.CrossOriginProtection).Check(r); err != nil {
		answerError(w, r, http.StatusForbidden, "this request comes from another site")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		answerError(w, r, http.StatusBadRequest, "the form cannot be read")
		return
	}
	if what := r.PostForm[endField]; len(what) != 1 || what[0] == "" {
		answerError(w, r, http.StatusBadRequest, `the form has to say what to end: end=ID, or end=others`)
		return
	}
	h.end.ServeHTTP(w, r)
}

// act ends the visitor's own session, for which it is enough to be in it, or
// asks for more.
func (h *handler) act(w http.ResponseWriter, r *http.Request) {
	s := h.m.From(r.Context())
	switch what := r.PostForm.Get(endField); {
	case what == s.ID():
		s.End()
		h.done(w, r, 1, h.o.Home)
	case !fresh.Is(s, h.o.Fresh) && h.o.Login != "" && opensPage(r):
		// Signing in leads to a page, and not to what a form did: so to this
		// page, and there is the form again.
		redirect(w, "?"+freshParameter+"=1")
	default:
		h.endFresh.ServeHTTP(w, r)
	}
}

// endOthers ends other sessions than the visitor's own.
func (h *handler) endOthers(w http.ResponseWriter, r *http.Request) {
	s := h.m.From(r.Context())
	what := r.PostForm.Get(endField)
	n, err := 1, error(nil)
	if what == others {
		n, err = h.m.EndAll(r.Context(), s.Owner(), s.ID())
	} else {
		err = h.m.End(r.Context(), s.Owner(), what) // what is no id costs nothing (audit row S29)
	}
	switch {
	case errors.Is(err, session.ErrNotFound) && wantsJSON(r):
		answerError(w, r, http.StatusNotFound, "there is no such session")
	case errors.Is(err, session.ErrNotFound):
		h.show(w, r, http.StatusNotFound)
	case err != nil:
		h.o.ErrorHandler(w, r, err)
	default:
		if !wantsJSON(r) {
			ended.Set(s, what)
		}
		h.done(w, r, n, "?"+endedParameter+"="+what)
	}
}

// done answers that n sessions were ended.
func (h *handler) done(w http.ResponseWriter, r *http.Request, n int, next string) {
	if wantsJSON(r) {
		answerJSON(w, http.StatusOK, map[string]int{"ended": n})
		return
	}
	redirect(w, next)
}

// redirect leads to a path, or, with a query alone, to the same page: wherever
// that is mounted, and whatever was stripped of its path.
func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// opensPage reports whether a browser will show the answer to its user.
func opensPage(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	return (mode == "" || mode == "navigate") && accepts(r, "text/html")
}

func wantsJSON(r *http.Request) bool {
	return accepts(r, "application/json") && !accepts(r, "text/html")
}

// ahead reports whether nobody may ever see the answer to a GET: it is a HEAD, or
// what a browser fetches before it is asked to.
func ahead(r *http.Request) bool {
	return r.Method == http.MethodHead ||
		strings.HasPrefix(r.Header.Get("Sec-Purpose"), "prefetch") ||
		r.Header.Get("Purpose") == "prefetch"
}

func accepts(r *http.Request, kind string) bool {
	return strings.Contains(strings.ToLower(strings.Join(r.Header.Values("Accept"), ",")), kind)
}

// fail is the ErrorHandler of the zero Options.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	code := session.StatusCode(err)
	if code >= http.StatusInternalServerError {
		slog.ErrorContext(r.Context(), "devices: a request failed", "err", err)
	}
	if errors.Is(err, session.ErrUnavailable) && !errors.Is(err, session.ErrUnknown) {
		w.Header().Set("Retry-After", "1")
	}
	answerError(w, r, code, http.StatusText(code))
}
