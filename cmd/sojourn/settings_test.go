package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

// direct serves requests in the goroutine that makes them.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	r.Host = r.URL.Host
	d.ServeHTTP(w, r)
	res := w.Result()
	res.Request = r
	return res, nil
}

// inside opens a site with these flags in a bubble of synctest, where time passes
// for who sleeps.
func (d demoFlags) inside(t *testing.T) *visitor {
	t.Helper()
	d.store, d.addr = "memory", "127.0.0.1:0"
	s, _, err := d.open(slog.New(slog.DiscardHandler), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return directly(t, s)
}

// directly is a browser that sends its requests without a network.
func directly(t *testing.T, s *site) *visitor {
	t.Helper()
	v := newVisitor(t, "http://127.0.0.1:8080")
	v.client = &http.Client{Transport: direct{s.handler()}, CheckRedirect: client.CheckRedirect}
	return v
}

func TestSettings_APasswordIsChangedAndAllOtherSessionsEnd(t *testing.T) {
	t.Parallel()
	base := start(t).url
	here, there := ada(t, base, "remember", "yes"), ada(t, base)
	for _, c := range []struct{ old, new, id, fault string }{
		{adasPassword, "seven77", "new", "A password has at least 8 characters."},
		{adasPassword, strings.Repeat("n", 201), "new", "A password has at most 200 characters."},
		{another, another, "old", "That is not your present password."},
	} {
		here.send("/settings", "old", c.old, "new", c.new).want(t, 422, `id="`+c.id+`-fault" role="alert">`+c.fault,
			`aria-describedby="`+c.id+`-fault`, "Password not changed")
	}
	there.open("/").want(t, 200, "Good to see you, Ada.")
	here.open("/settings").formsHaveTokens(t)

	before := here.cookies["__Host-Http-session"]
	r := here.send("/settings", "old", adasPassword, "new", another)
	r.leads(t, "/settings")
	if line := r.Header.Get("Set-Cookie"); here.cookies["__Host-Http-session"] == before || !strings.Contains(line, "Max-Age=2592000") {
		t.Errorf("the cookie is %q, want another one that stays", line)
	}
	here.open("/settings").want(t, 200, "Your password is changed.", "at one other place")
	there.open("/").want(t, 200, "Welcome, stranger.")
	there.send("/login", "name", "Ada", "password", adasPassword).want(t, 422, "That is not Ada’s password.", "somebody has changed it")
	there.send("/login", "name", "Ada", "password", another).want(t, 303)
}

func TestSettings_AreForWhoSignedInLately(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := demoFlags{}.inside(t)
		v.send("/login", "name", "Ada", "password", adasPassword)
		v.open("/session").want(t, 200, "Lately enough for", time.Now().UTC().Add(5*time.Minute).Format("15:04:05 UTC"))
		time.Sleep(5*time.Minute - time.Millisecond)
		v.open("/settings").want(t, 200, "Change your password")
		time.Sleep(time.Millisecond)
		v.open("/").want(t, 200, "Good to see you, Ada.")
		v.open("/session").want(t, 200, "would ask once more")
		v.open("/settings").leads(t, "/login?return=%2Fsettings")
		v.send("/settings", "old", adasPassword, "new", another).leads(t, "/settings")
		v.open("/login?return=%2Fsettings").want(t, 200, `<p class="error">It is a while since you signed in, and nothing has been changed yet.`,
			"Sign in once more", `value="Ada"`)
		v.send("/login", "name", "Ada", "password", adasPassword, "return", "/settings").leads(t, "/settings")
		v.open("/settings").want(t, 200, "You have signed in once more.")
	})
}

// A dying store keeps no more than so many records.
type dying struct {
	store.Store
	left atomic.Int64
}

func (d *dying) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	if d.left.Add(-1) < 0 {
		return 0, errBroken
	}
	return d.Store.Save(ctx, id, rec)
}

// Ending the other sessions is one thing, and going on with this one another.
func TestSettings_IfTheSessionsCannotBeReachedThePasswordIsTheOldOne(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		saves  int64
		status int
	}{{0, 503}, {1, 503}, {100, 303}} {
		st := &dying{Store: memstore.New(memstore.Options{})}
		st.left.Store(100)
		s := newSite(slog.New(slog.DiscardHandler), false)
		sessions, err := session.New(st, session.Options{Timeout: 50 * time.Millisecond, ErrorHandler: s.failed, Logger: s.log})
		if err != nil {
			t.Fatal(err)
		}
		s.keep(kept{sessions: sessions, store: st})
		v := directly(t, s)
		v.send("/login", "name", "Ada", "password", adasPassword)
		v.open("/settings")
		st.left.Store(c.saves)
		v.send("/settings", "old", adasPassword, "new", another).want(t, c.status)
		if a, _ := s.accounts.find("Ada"); a.opens(adasPassword) != (c.status == 503) {
			t.Errorf("after %d saves and the answer %d the old password opens: %t", c.saves, c.status, a.opens(adasPassword))
		}
	}
}

func TestAccounts_OfTwoChangesAtOnceOneIsMade(t *testing.T) {
	t.Parallel()
	as := newAccounts()
	before, _ := as.find("ada")
	if _, ok := as.change(before, another); !ok {
		t.Error("the first change was refused")
	}
	if _, ok := as.change(before, "a third one"); ok {
		t.Error("the second change, of the same password, was made")
	}
	if after, _ := as.find("Ada"); !after.opens(another) || after.opens("a third one") {
		t.Error("the password is not that of the first change")
	}
}

func TestSealed_AllWorksButTheListOfSessions(t *testing.T) {
	t.Parallel()
	base := start(t, "-store", "sealed").url
	here, there := ada(t, base), ada(t, base, "remember", "yes")
	here.open("/sessions").want(t, 200, "There is no list of them", "-store memory", "You are signed in.")
	here.send("/sessions", "end", "others").want(t, 405)
	there.open("/").want(t, 200, "Good to see you, Ada.")

	here.send("/settings", "old", adasPassword, "new", another).leads(t, "/settings")
	here.open("/settings").want(t, 200, "Your password is changed.", "Wherever else you were signed in")
	here.open("/").want(t, 200, "Good to see you, Ada.")
	there.open("/").want(t, 200, "Welcome, stranger.")
	there.send("/login", "name", "Ada", "password", adasPassword).want(t, 422)
	there.send("/login", "name", "Ada", "password", another).want(t, 303)
	here.send("/logout").want(t, 303)
	here.open("/").want(t, 200, "Welcome, stranger.")
}

// Whoever checks the old password while it is changed does not stay in.
func TestLogin_WithThePasswordOfBeforeDoesNotSurviveItsChange(t *testing.T) {
	t.Parallel()
	v, s, _, _ := inside(t)
	v.open("/login")
	epoch, err := s.sessions.Epoch(t.Context(), "Ada")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.sessions.EndAll(t.Context(), "Ada"); err != nil {
		t.Fatal(err)
	}
	s.mux.HandleFunc("POST /overtaken", func(w http.ResponseWriter, r *http.Request) {
		e, _ := s.entry(w, r)
		s.admit(w, r, e, "Ada", epoch)
	})
	v.send("/overtaken").want(t, 409, "were ended this very moment", `id="password-fault"`)
	v.open("/").want(t, 200, "Welcome, stranger.")
}
