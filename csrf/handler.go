package csrf

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/sojourn-go/session"
)

// Handler has next get only what is no forgery. It belongs inside of
// Manager.Handler, and panics at a request that has no session.
//
// The body of a form that is read to find the token is put back: next gets all
// of it. Only a request with a session that has been given a token is read from
// at all.
func (p *Protection) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if p.opts.Field != defaultField {
			fieldName.Set(s, p.opts.Field)
		}
		if p.exempts(r) {
			next.ServeHTTP(w, r)
			return
		}
		err := p.checkOrigin(r)
		if err == nil && p.wantsToken(r) {
			// A session that Manager.Load returned is loaded here. That it could
			// not be is no forgery.
			if failure := s.Err(); failure != nil {
				code := session.StatusCode(failure)
				http.Error(w, http.StatusText(code), code)
				return
			}
			err = p.checkToken(r, s)
		}
		if err != nil {
			p.opts.ErrorHandler(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// CrossOrigin refuses what the headers alone show to be from another origin. It
// belongs outside of Manager.Handler, in addition to Handler inside: Manager's
// loads the session of a write before anybody else is asked, and notes that it
// was used, and here neither has happened yet. By itself it is not enough:
// what has no such headers, it lets through.
func (p *Protection) CrossOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.exempts(r) {
			if err := p.checkOrigin(r); err != nil {
				p.opts.ErrorHandler(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (p *Protection) exempts(r *http.Request) bool {
	if len(p.opts.InsecureBypass) == 0 {
		return false
	}
	h, _ := p.bypass.Handler(r)
	return h == exempted // and not the redirect to one (CVE-2025-47910)
}

func (p *Protection) checkOrigin(r *http.Request) error {
	if err := p.origins.Check(r); err != nil {
		return fmt.Errorf("%w: %w", ErrCrossOrigin, err)
	}
	// An Origin without a host ("null") is to Check that of a request without
	// one, as HTTP/1.0 allows it.
	if origin := r.Header.Get("Origin"); r.Host == "" && origin != "" && r.Header.Get("Sec-Fetch-Site") == "" &&
		!free(r.Method) && !slices.Contains(p.opts.TrustedOrigins, origin) {
		return fmt.Errorf("%w: it names no Host that its Origin could be", ErrCrossOrigin)
	}
	return nil
}

// free reports whether Check lets the method through from everywhere.
func free(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// wantsToken reports whether a request that Check has found nothing against
// needs more than that.
func (p *Protection) wantsToken(r *http.Request) bool {
	if free(r.Method) || r.Method == http.MethodTrace || r.Method == "" { // RFC 9110, section 9.2.1
		return false
	}
	return p.opts.AlwaysToken || r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == ""
}

func (p *Protection) checkToken(r *http.Request, s *session.Session) error {
	if !p.opts.AlwaysToken && bearer(r.Header) && s.ID() == "" {
		return nil
	}
	secrets := secretsOf(s)
	if len(secrets) == 0 { // no token is valid, so none is looked for
		return fmt.Errorf("%w: the session has been given none", ErrToken)
	}
	proof, came := digests(secrets, s), false
	for _, name := range p.opts.Headers {
		if token := r.Header.Get(name); token != "" {
			came = true
			if proof.holds(token) {
				return nil
			}
		}
	}
	if token := p.fromForm(r); token != "" {
		came = true
		if proof.holds(token) {
			return nil
		}
	}
	if came {
		return fmt.Errorf("%w: it is of another session, of before a login, or made up", ErrToken)
	}
	return fmt.Errorf("%w: none came", ErrToken)
}

// bearer reports whether the request brings a credential that no browser adds by
// itself: to name it, a script of another origin needs this site's consent
// (Fetch, "CORS non-wildcard request-header name"). Basic, Digest and Negotiate
// browsers do add, to forged requests too. The name of a scheme is in any case
// (RFC 9110, section 11.1).
func bearer(h http.Header) bool {
	scheme, credential, _ := strings.Cut(h.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && strings.TrimSpace(credential) != ""
}

// refuse is the ErrorHandler of the zero Options. It says nothing of the
// request in the page, and nothing secret in the log.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	slog.LogAttrs(r.Context(), slog.LevelDebug, "csrf: a request was refused",
		slog.String("method", r.Method), slog.String("err", err.Error()))
	text := "Forbidden: this request comes from another site."
	if errors.Is(err, ErrToken) {
		text = "Forbidden: this form is out of date, or brings no token. Go back, load the page again, and send it once more."
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, text, http.StatusForbidden)
}
