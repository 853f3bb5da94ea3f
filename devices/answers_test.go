package devices_test

import (
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/devices"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store/memstore"
)

// every has an answer of every kind checked.
func every(t *testing.T, around func(http.Handler) http.Handler, check func(what string, w *httptest.ResponseRecorder)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		st := sessiontest.Failing(memstore.New(memstore.Options{}))
		l := newLabWith(t, st, session.Options{}, withLogin)
		page := l.app
		l.app = http.NewServeMux()
		broken := false
		l.app.Handle("/", around(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if session.From(r.Context()).Owner(); broken {
				st.Break(sessiontest.Loads)
			}
			page.ServeHTTP(w, r)
		})))
		ann, nobody := l.signedIn("ann"), l.visitor()
		answers := func(what string, status int, w *httptest.ResponseRecorder) {
			t.Helper()
			expect(t, what, w.Code, status)
			check(what, w)
		}
		for _, accept := range []string{html, api, "*/*"} {
			phone := l.signedIn("ann")
			answers("nobody's form", 401, nobody.ends("others", accept))
			answers("an unknown path", 404, ann.get("/sessions/x", accept))
			answers("another method", 405, ann.send(ann.Request("PUT", "/sessions/", nil)))
			answers("nothing to end", 400, ann.ends("", accept))
			answers("no such session", 404, ann.ends(strings.Repeat("a", 24), accept))
			r := ann.form(url.Values{"end": {"others"}}, accept)
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			answers("another site's form", 403, ann.send(r))
			answers("the list", 200, ann.get("/sessions/", accept))
			answers("the list in JSON", 200, ann.get("/sessions/x.json", accept))
			answers("an end", map[bool]int{true: 200, false: 303}[accept == api], ann.ends(phone.id(), accept))
			broken = true
			answers("a store that is down", 503, ann.get("/sessions/", accept))
			broken = false
			st.Repair()
		}
		answers("nobody's page", 303, nobody.get("/sessions/", html))
		time.Sleep(5 * time.Minute)
		answers("a form too late", 303, ann.ends("others", html))
		answers("a program's too late", 401, ann.ends("others", "*/*"))
	})
}

func TestNoAnswerMayBeStoredOrFramed(t *testing.T) {
	every(t, func(h http.Handler) http.Handler { return h }, func(what string, w *httptest.ResponseRecorder) {
		expect(t, what+": Cache-Control", w.Header().Get("Cache-Control"), "no-store")
		expect(t, what+": X-Frame-Options", w.Header().Get("X-Frame-Options"), "DENY")
		contains(t, what+": Content-Security-Policy", w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'")
	})
}

// Package defaults sets such headers for every page. Of several policies each
// is enforced (CSP Level 3, 4.2); of X-Frame-Options there is one, and of
// Cache-Control the sum.
func TestNoAnswerMayBeStoredOrFramedInASiteWhosePagesMay(t *testing.T) {
	around := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'self'")
			w.Header().Set("X-Frame-Options", "SAMEORIGIN")
			w.Header().Set("Cache-Control", "max-age=60")
			h.ServeHTTP(w, r)
		})
	}
	every(t, around, func(what string, w *httptest.ResponseRecorder) {
		expect(t, what+": Cache-Control", strings.Join(w.Header().Values("Cache-Control"), "|"), "no-store")
		expect(t, what+": X-Frame-Options", strings.Join(w.Header().Values("X-Frame-Options"), "|"), "DENY")
		if got := w.Header().Values("Content-Security-Policy"); !slices.Equal(got, []string{"default-src 'self'; frame-ancestors 'self'", "frame-ancestors 'none'"}) {
			t.Errorf("%s: Content-Security-Policy: got %q", what, got)
		}
	})
}

func TestThePageMayNotBeGuessedAt(t *testing.T) {
	ann := newLab(t, withLogin).signedIn("ann")
	for _, target := range []string{"/sessions/", "/sessions/list.json"} {
		h := ann.get(target, html).Header()
		expect(t, "X-Content-Type-Options", h.Get("X-Content-Type-Options"), "nosniff")
		contains(t, "Vary", strings.Join(h.Values("Vary"), ","), "Accept", "Cookie")
	}
	policies := ann.get("/sessions/", html).Header().Values("Content-Security-Policy")
	expect(t, "policies", len(policies), 1)
	contains(t, "the policy", policies[0], "default-src 'none'", "style-src 'self'", "frame-ancestors 'none'")
}

// A notice is said by the page that the form led to, and once.
func TestANoticeSaysOnlyWhatIsTrue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withLogin)
		ann, phone := l.signedIn("ann"), l.signedIn("ann")
		silent := func(what, query string) {
			t.Helper()
			lacks(t, what, ann.get("/sessions/"+query, html).Body.String(), `role="status"`, "hacked")
		}
		for _, query := range []string{
			"", "?ended=others", "?ended=" + phone.id(), "?ended=" + ann.id(), "?ended=" + strings.Repeat("A", 24),
			"?ended=%3Cb%3Ehacked%3C%2Fb%3E", "?ended=", "?notice=x",
		} {
			silent(query, query)
		}
		contains(t, "fresh", ann.get("/sessions/?fresh=1", html).Body.String(), "Now you can end sessions.")

		for what, says := range map[string]string{phone.id(): "The session has ended.", "others": "All other sessions have ended."} {
			to := ann.ends(what, html).Header().Get("Location")
			silent("another page", "")
			silent("a link", "?ended="+strings.Repeat("A", 24))
			contains(t, "the page", ann.get("/sessions/"+to, html).Body.String(), `role="status">`+says)
			silent("the page once more", to)
		}
		ann.ends("others", api)
		silent("what a program has ended", "?ended=others")
		to := ann.ends("others", html).Header().Get("Location")
		l.signedIn("ann")
		silent("what is true no more", to)
	})
}

func TestANoticeWaitsForWhoWillSeeIt(t *testing.T) {
	for what, unseen := range map[string]func(*visitor, string) *http.Request{
		"HEAD": func(v *visitor, to string) *http.Request { return v.Request("HEAD", to, nil) },
		"a prefetch": func(v *visitor, to string) *http.Request {
			return with(v.Request("GET", to, nil), "Sec-Purpose", "prefetch;prerender")
		},
		"an older prefetch": func(v *visitor, to string) *http.Request {
			return with(v.Request("GET", to, nil), "Purpose", "prefetch")
		},
		"JSON": func(v *visitor, to string) *http.Request { return with(v.Request("GET", to, nil), "Accept", api) },
		"a form in between": func(v *visitor, _ string) *http.Request {
			return v.form(url.Values{"end": {strings.Repeat("a", 24)}}, html)
		},
	} {
		ann := newLab(t, withLogin).signedIn("ann")
		to := "/sessions/" + ann.ends("others", html).Header().Get("Location")
		r := unseen(ann, to)
		if r.Header.Get("Accept") == "" {
			r.Header.Set("Accept", html)
		}
		lacks(t, what, ann.send(r).Body.String(), "All other sessions have ended.")
		contains(t, "after "+what, ann.get(to, html).Body.String(), "All other sessions have ended.")
	}
}

// Two fetches of one page are no conflict, and what a form has ended meanwhile
// is said after it.
func TestANoticeIsSaidWhateverElseTheVisitorDoesAtOnce(t *testing.T) {
	meanwhile := func() {}
	l := newLab(t, devices.Options{Field: func(*session.Session) (template.HTML, error) {
		first := meanwhile
		meanwhile = func() {}
		first()
		return "", nil
	}})
	ann, phone, tablet := l.signedIn("ann"), l.signedIn("ann"), l.signedIn("ann")
	first, second := phone.id(), tablet.id()
	says := func(what, id string) {
		t.Helper()
		w := ann.get("/sessions/?ended="+id, html)
		expect(t, what, w.Code, 200)
		contains(t, what, w.Body.String(), "The session has ended.")
	}
	ann.ends(first, html)
	meanwhile = func() { says("the page, fetched by two", first) }
	says("the page", first)

	ann.ends(first, html) // there is none: nothing waits
	ann.ends(second, html)
	tablet = l.signedIn("ann")
	third := tablet.id()
	meanwhile = func() { ann.ends(third, html) }
	says("the page, and a form at once", second)
	says("the page after it", third)
}

func with(r *http.Request, name, value string) *http.Request {
	r.Header.Set(name, value)
	return r
}

// Who signs in where somebody else is takes the browser's session over, and
// nothing of what was in it, nor of the other's.
func TestAnotherOwnerInTheSameBrowserSeesNothingOfTheFirst(t *testing.T) {
	l := newLab(t, withLogin)
	shared, bobsPhone := l.signedIn("ann"), l.signedIn("bob")
	shared.ends("others", html) // a notice waits
	annsPhone := l.signedIn("ann")
	contains(t, "ann's list before", annsPhone.get("/sessions/", html).Body.String(), shared.id())
	shared.Change(func(s *session.Session) { s.Login("bob") })

	body := shared.get("/sessions/?ended=others", html).Body.String()
	contains(t, "bob's list", body, `value="`+shared.id()+`"`, `value="`+bobsPhone.id()+`"`)
	lacks(t, "bob's list", body, annsPhone.id(), `role="status"`)
	expect(t, "sessions on bob's list", strings.Count(body, "<h2>"), 2)
	expect(t, "ann's other one is", annsPhone.owner(), "ann")
	body = annsPhone.get("/sessions/", html).Body.String()
	contains(t, "ann's list", body, annsPhone.id(), "There are no other sessions.")
	lacks(t, "ann's list", body, shared.id(), bobsPhone.id())

	expect(t, "bob ends ann's", shared.ends(annsPhone.id(), html).Code, http.StatusNotFound)
	expect(t, "ann ends bob's", annsPhone.ends(shared.id(), html).Code, http.StatusNotFound)
	expect(t, "this one is", shared.owner(), "bob")
	shared.ends("others", html)
	expect(t, "bob's other one is", bobsPhone.owner(), "")
	expect(t, "ann's other one is", annsPhone.owner(), "ann")
}

// Signing in keeps what the visitor had as nobody, and this page is not in it.
func TestThePageOfWhoHasJustSignedInIsTheirs(t *testing.T) {
	l := newLab(t, devices.Options{})
	v := l.visitor()
	cart := session.NewKey[string]("cart")
	v.Change(func(s *session.Session) { cart.Set(s, "a book") })
	v.Change(func(s *session.Session) { s.Login("ann") })
	expect(t, "sessions on the list", strings.Count(v.get("/sessions/", html).Body.String(), "<h2>"), 1)
	v.Read(func(s *session.Session) { expect(t, "the cart", cart.Get(s), "a book") })
}
