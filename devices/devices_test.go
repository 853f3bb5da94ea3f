package devices_test

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/devices"
	"github.com/sojourn-go/session/fresh"
	"github.com/sojourn-go/session/seal"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

func TestTwoBrowsersSeeEachOtherAndOneEndsTheOther(t *testing.T) {
	l := newLab(t, withLogin)
	laptop, phone, stranger := l.signedIn("ann"), l.signedIn("ann"), l.signedIn("bob")
	for _, v := range []*visitor{laptop, phone} {
		w := v.get("/sessions/", html)
		expect(t, "status", w.Code, 200)
		contains(t, "the list", w.Body.String(), `value="`+laptop.id()+`"`, `value="`+phone.id()+`"`)
		lacks(t, "the list", w.Body.String(), stranger.id())
	}

	ended := phone.id()
	w := laptop.ends(ended, html)
	expect(t, "status", w.Code, http.StatusSeeOther)
	expect(t, "Location", w.Header().Get("Location"), "?ended="+ended)
	expect(t, "the other one is", phone.owner(), "")
	expect(t, "this one is", laptop.owner(), "ann")
	expect(t, "somebody else is", stranger.owner(), "bob")
	w = laptop.get("/sessions/"+w.Header().Get("Location"), html)
	contains(t, "the list afterwards", w.Body.String(), "The session has ended.", "There are no other sessions.", laptop.id())
	lacks(t, "the list afterwards", w.Body.String(), ended)
	expect(t, "the other one's next page", phone.get("/sessions/", html).Header().Get("Location"), "/login?return=%2Fsessions%2F")
}

func TestTheVisitorsOwnSessionComesFirstAndThenTheLastUsed(t *testing.T) {
	for mine, want := range [][]int{{0, 1, 3, 2}, {1, 3, 2, 0}, {2, 1, 3, 0}, {3, 1, 2, 0}} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, withLogin)
			var all []*visitor
			for range want {
				all = append(all, l.signedIn("ann"))
				time.Sleep(time.Second)
			}
			time.Sleep(10 * time.Minute)
			for _, i := range []int{3, 1} { // in use again, in this order
				expect(t, "status", all[i].get("/sessions/", html).Code, 200)
				time.Sleep(time.Second)
			}
			body := all[mine].get("/sessions/", html).Body.String()
			at := -1
			for _, i := range want {
				next := strings.Index(body, "<h2>Session "+all[i].id()[:6])
				if next <= at {
					t.Errorf("seen from session %d, session %d is out of order", mine, i)
				}
				at = next
			}
		})
	}
}

func TestEndingTheSessionOneIsInSignsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withLogin)
		laptop, phone := l.signedIn("ann"), l.signedIn("ann")
		time.Sleep(10 * time.Minute) // long ago: one may always leave
		w := phone.ends(phone.id(), html)
		expect(t, "status", w.Code, http.StatusSeeOther)
		expect(t, "Location", w.Header().Get("Location"), "/bye")
		contains(t, "Set-Cookie", w.Header().Get("Set-Cookie"), "__Host-Http-session=;")
		expect(t, "this one is", phone.owner(), "")
		expect(t, "the other one is", laptop.owner(), "ann")
		w = laptop.ends(laptop.id(), api)
		expect(t, "JSON", strings.TrimSpace(w.Body.String()), `{"ended":1}`)
		expect(t, "the other one is", laptop.owner(), "")
	})
}

// Audit row S12, and the epoch: a login under way that checked what was valid
// before does not stay in.
func TestAllOthersEndButThisOneAndTheEpochIsRaised(t *testing.T) {
	l := newLab(t, withLogin)
	laptop, phone, tablet, stranger := l.signedIn("ann"), l.signedIn("ann"), l.signedIn("ann"), l.signedIn("bob")
	before, err := l.Manager().Epoch(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	w := laptop.ends("others", html)
	expect(t, "status", w.Code, http.StatusSeeOther)
	for v, want := range map[*visitor]string{laptop: "ann", phone: "", tablet: "", stranger: "bob"} {
		expect(t, "owner", v.owner(), want)
	}
	after, err := l.Manager().Epoch(t.Context(), "ann")
	if err != nil || after == before {
		t.Errorf("the epoch was %d, and is %d, %v", before, after, err)
	}
	w = laptop.get("/sessions/"+w.Header().Get("Location"), html)
	contains(t, "the list afterwards", w.Body.String(), "All other sessions have ended.")
	expect(t, "once more, in JSON", strings.TrimSpace(laptop.ends("others", api).Body.String()), `{"ended":0}`)
}

// Audit row S14: to see is for who is signed in, to end for who was recognised
// a moment ago. Who was not comes back from the login page to the same list.
func TestEndingOthersNeedsALoginOfTheLastFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withLogin)
		laptop, phone := l.signedIn("ann"), l.signedIn("ann")
		time.Sleep(5*time.Minute - time.Millisecond)
		contains(t, "just in time", laptop.get("/sessions/", html).Body.String(), `value="`+phone.id()+`"`, `value="others"`)
		time.Sleep(time.Millisecond)

		page := laptop.get("/sessions/", html)
		expect(t, "seeing", page.Code, 200)
		contains(t, "the page", page.Body.String(), `<a href="?fresh=1">`, "Sign out")
		lacks(t, "the page", page.Body.String(), `value="`+phone.id()+`"`, `value="others"`)
		for _, what := range []string{phone.id(), "others", "nonsense"} {
			w := laptop.ends(what, html)
			expect(t, "a form of an old page", w.Code, http.StatusSeeOther)
			expect(t, "its Location", w.Header().Get("Location"), "?fresh=1")
			expect(t, "a program's form", laptop.ends(what, "*/*").Code, http.StatusUnauthorized)
			w = laptop.ends(what, api)
			expect(t, "JSON", w.Code, http.StatusUnauthorized)
			contains(t, "JSON", w.Body.String(), `"insufficient_user_authentication"`, `"max_age":300`)
		}
		w := laptop.get("/sessions/?fresh=1", html)
		expect(t, "the link", w.Header().Get("Location"), "/login?return=%2Fsessions%2F%3Ffresh%3D1")
		expect(t, "nothing has ended", phone.owner(), "ann")

		laptop.Change(func(s *session.Session) { s.Login("ann") })
		contains(t, "back again", laptop.get("/sessions/?fresh=1", html).Body.String(), "Now you can end sessions.", `value="`+phone.id()+`"`)
		laptop.ends(phone.id(), html)
		expect(t, "the other one is", phone.owner(), "")
	})
}

func TestWithoutALoginPageTheAnswerIs401(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, devices.Options{Fresh: time.Minute})
		laptop, phone := l.signedIn("ann"), l.signedIn("ann")
		time.Sleep(time.Minute)
		body := laptop.get("/sessions/", html).Body.String()
		contains(t, "the page", body, "sign out here, and in again")
		lacks(t, "the page", body, "<a ")
		expect(t, "a form", laptop.ends(phone.id(), html).Code, http.StatusUnauthorized)
		expect(t, "signed out", l.visitor().get("/sessions/", html).Code, http.StatusUnauthorized)
		expect(t, "nothing has ended", phone.owner(), "ann")
	})
}

func TestWhoIsNotSignedInSeesAndEndsNothing(t *testing.T) {
	l := newLab(t, withLogin)
	ann, nobody := l.signedIn("ann"), l.visitor()
	expect(t, "a page", nobody.get("/sessions/", html).Header().Get("Location"), "/login?return=%2Fsessions%2F")
	expect(t, "JSON", nobody.get("/sessions/", api).Code, http.StatusUnauthorized)
	w := nobody.get("/sessions/list.json", "*/*")
	expect(t, "a path of JSON", w.Code, http.StatusUnauthorized)
	expect(t, "its body", strings.TrimSpace(w.Body.String()), `{"error":"login_required","login":"/login"}`)
	for _, what := range []string{ann.id(), "others"} {
		expect(t, "a form", nobody.ends(what, html).Code, http.StatusUnauthorized)
		expect(t, "JSON", nobody.ends(what, api).Code, http.StatusUnauthorized)
	}
	expect(t, "nothing has ended", ann.owner(), "ann")
}

// A counting store counts what it is asked for.
type counting struct {
	store.Store
	calls atomic.Int64
}

func (c *counting) Load(ctx context.Context, id string) (store.Record, error) {
	c.calls.Add(1)
	return c.Store.Load(ctx, id)
}

func TestWhatIsNotTheOwnersIsNotFoundAndNothingEnds(t *testing.T) {
	st := &counting{Store: memstore.New(memstore.Options{})}
	l := newLabWith(t, st, session.Options{}, withLogin)
	ann, bob := l.signedIn("ann"), l.signedIn("bob")
	nonsense := []string{"owner.x", strings.Repeat("a", 25), "../../../../etc/passwd__", "aaaaaaaaaaaaaaaaaaaaaaa\x00", "Others"}
	for _, id := range append(nonsense, bob.id(), strings.Repeat("a", 24)) {
		w := ann.ends(id, html)
		expect(t, id, w.Code, http.StatusNotFound)
		contains(t, id, w.Body.String(), "There is no such session any more. Nothing was ended.", ann.id())
		w = ann.ends(id, api)
		expect(t, id, w.Code, http.StatusNotFound)
		expect(t, id, strings.TrimSpace(w.Body.String()), `{"error":"there is no such session"}`)
	}
	expect(t, "somebody else is", bob.owner(), "bob")
	expect(t, "ends", len(l.Events(session.Ended)), 0)
	for _, id := range nonsense { // audit row S29
		before := st.calls.Load()
		ann.ends(id, api)
		expect(t, "loads for "+id+", besides the visitor's own session", st.calls.Load()-before, 1)
	}
}

// An application may have forgotten CrossOriginProtection.
func TestAFormOfAnotherSiteIsRefused(t *testing.T) {
	l := newLab(t, withLogin)
	ann, phone := l.signedIn("ann"), l.signedIn("ann")
	for _, header := range [][2]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
	} {
		for _, what := range []string{"others", ann.id(), phone.id()} {
			r := ann.form(map[string][]string{"end": {what}}, html)
			r.Header.Set(header[0], header[1])
			expect(t, header[0]+": "+header[1], ann.send(r).Code, http.StatusForbidden)
		}
	}
	expect(t, "this one is", ann.owner(), "ann")
	expect(t, "the other one is", phone.owner(), "ann")
	r := ann.form(map[string][]string{"end": {"others"}}, html)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	expect(t, "of this site", ann.send(r).Code, http.StatusSeeOther)
}

func TestAFaultyRequestIsRefusedAndEndsNothing(t *testing.T) {
	l := newLab(t, withLogin)
	ann, phone := l.signedIn("ann"), l.signedIn("ann")
	for what, body := range map[string]string{
		"nothing":    "",
		"empty":      "end=",
		"two":        "end=others&end=" + phone.id(),
		"not a form": "%zz",
		"too much":   "end=others&x=" + strings.Repeat("x", 1<<20),
	} {
		for _, accept := range []string{html, api} {
			r := ann.Request("POST", "/sessions/?end=others", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Accept", accept)
			expect(t, what, ann.send(r).Code, http.StatusBadRequest)
		}
	}
	r := ann.Request("POST", "/sessions/", strings.NewReader(`{"end":"others"}`))
	r.Header.Set("Content-Type", "application/json")
	expect(t, "a body of JSON", ann.send(r).Code, http.StatusBadRequest)
	for _, method := range []string{"PUT", "DELETE", "PATCH", "OPTIONS"} {
		w := ann.send(ann.Request(method, "/sessions/", nil))
		expect(t, method, w.Code, http.StatusMethodNotAllowed)
		expect(t, "Allow", w.Header().Get("Allow"), "GET, HEAD, POST")
	}
	expect(t, "the other one is", phone.owner(), "ann")
}

func TestAllFaultsOfTheOptionsComeAtOnce(t *testing.T) {
	m := sessiontest.New(t, session.Options{}).Manager()
	_, err := devices.New(m, devices.Options{Login: "login", Home: "//evil.example", Fresh: -1, Template: template.New("mine")})
	if err == nil {
		t.Fatal("no error")
	}
	if _, err := devices.New(m, devices.Options{Login: "/login?return=/x"}); err == nil || !strings.Contains(err.Error(), `devices: Options.Login has the parameter "return"`) {
		t.Errorf("a login page that leads elsewhere: %v", err)
	}
	contains(t, "the error", err.Error(), "devices: Options.Login", "devices: Options.Home", "devices: Options.Fresh", `devices: Options.Template: nothing was parsed into "mine"`)
	if _, err := devices.New(nil, devices.Options{Home: "x"}); err == nil || !strings.Contains(err.Error(), "without a manager") || !strings.Contains(err.Error(), "Home") {
		t.Errorf("without a manager: %v", err)
	}
}

func TestSealedSessionsCannotBeListed(t *testing.T) {
	keys, err := seal.NewKeys(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	m, err := session.NewSealed(keys, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h, err := devices.New(m, devices.Options{})
	if !errors.Is(err, errors.ErrUnsupported) || h != nil {
		t.Errorf("got %v, %v; want an error that is ErrUnsupported", h, err)
	}
}

// Seeing may be guarded too, from outside; and the session is that of the
// manager whose sessions are listed, wherever another one is.
func TestTheHandlerStandsBehindGuardsAndOtherManagers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withLogin)
		page, err := devices.New(l.Manager(), withLogin)
		if err != nil {
			t.Fatal(err)
		}
		other, err := session.New(memstore.New(memstore.Options{}), session.Options{Name: "__Host-Http-other"})
		if err != nil {
			t.Fatal(err)
		}
		l.app.Handle("/guarded/", fresh.Require(time.Minute, fresh.Options{Login: "/login"})(page))
		l.app.Handle("/inner/", other.Handler(page))
		ann, phone := l.signedIn("ann"), l.signedIn("ann")
		expect(t, "guarded, at once", ann.get("/guarded/", html).Code, 200)
		contains(t, "in another manager", ann.get("/inner/", html).Body.String(), ann.id(), phone.id())
		time.Sleep(time.Minute)
		expect(t, "guarded, later", ann.get("/guarded/", html).Header().Get("Location"), "/login?return=%2Fguarded%2F")
	})
}
