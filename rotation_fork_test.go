package session_test

import (
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

// Each fork is told of, however many there are at a time.
func TestRotation_reports_each_session_that_is_forked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := quarterly
		o.Logger = slog.New(slog.DiscardHandler)
		l := newLab(t, o)
		var olds []*visitor
		for range 100 {
			olds = append(olds, l.login("ann"))
		}
		time.Sleep(l.o.Rotate)
		for _, v := range olds {
			young := v.copy()
			young.owner()
			young.owner()
		}
		time.Sleep(time.Minute)
		for _, v := range olds {
			v.owner()
		}
		want(t, "Forked events", l.count(session.Forked), 100)
	})
}

// Middleware has a transaction in the context of each request, and the thief's is
// rolled back; or it is of a database that the store knows nothing of.
func TestRotation_of_a_fork_ends_the_session_whatever_transaction_the_request_has(t *testing.T) {
	o := quarterly
	o.Fork = session.ForkEnd
	forks := func(t *testing.T, l *lab, tx any) {
		old, young := l.rotated("ann")
		young.owner()
		time.Sleep(time.Minute)
		r := old.request("GET")
		serve(l.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			session.From(r.Context()).Owner()
		})), r.WithContext(store.WithTransaction(r.Context(), tx)))
		want(t, "Ended events", l.count(session.Ended), 1)
		want(t, "owner", young.owner(), "")
		want(t, "Failed events", l.count(session.Failed), 0)
	}
	t.Run("rolled back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newTxLab(t, o)
			forks(t, l.lab, l.st.begin())
		})
	})
	t.Run("foreign", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { forks(t, newLab(t, o), "the application's own") })
	})
}

// A request comes with the token before, and commits in a transaction.
func TestRotation_goes_with_transactions_that_are_kept_or_rolled_back(t *testing.T) {
	for _, kept := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			l := newTxLab(t, quarterly)
			old, young := l.rotated("ann")
			v := old.copy()
			l.within(v, kept, func(s *session.Session) { count.Set(s, 1) })
			want(t, "token", v.cookie.Value, young.cookie.Value)
			want(t, "value", tells(young.copy(), count), map[bool]int{true: 1}[kept])
			v = old.copy()
			l.within(v, kept, func(s *session.Session) { s.Renew() })
			want(t, "owner", v.owner(), "ann")
			time.Sleep(time.Hour)
			want(t, "owner an hour later", v.owner(), "ann")
			want(t, "Forked events", l.count(session.Forked), 0)
		})
	}
}

// A browser that was restored from a backup comes with a token of last week. It
// was answered 409 to all it sent, the login among it, until it was told to
// forget its cookies.
func TestRotation_long_ago_leaves_a_token_of_no_session_and_its_browser_can_log_in(t *testing.T) {
	for fork, still := range map[session.Fork]string{session.ForkReport: "ann", session.ForkStale: "ann", session.ForkEnd: ""} {
		synctest.Test(t, func(t *testing.T) {
			o := quarterly
			o.Fork = fork
			l := newLab(t, o)
			old, young := l.rotated("ann")
			young.owner()
			time.Sleep(2 * time.Minute)
			restored := old.copy()
			if fork != session.ForkEnd {
				restored.gets(func(s *session.Session) {
					want(t, "id", s.ID(), "")
					want(t, "it is new", s.IsNew(), true)
				})
				res := restored.does("POST", func(s *session.Session) { count.Set(s, 1) })
				want(t, "status of a write", res.StatusCode, http.StatusOK)
				want(t, "the value is in a session of its own", restored.id() != old.id(), true)
				want(t, "value", tells(restored, count), 1)
				restored = old.copy()
			}
			want(t, "owner", restored.owner(), "")
			want(t, "status of a login", restored.does("POST", login("bob")).StatusCode, http.StatusOK)
			want(t, "owner after the login", restored.owner(), "bob")
			want(t, "Forked events", l.count(session.Forked), 1)
			want(t, "Superseded events", l.count(session.Superseded), 0)
			want(t, "owner by the present token", young.copy().owner(), still)
			want(t, "stale", !young.info().Stale.IsZero(), fork == session.ForkStale)
		})
	}
}

// Within two minutes of the rotation, or of the new token's being seen, a request
// may come from a browser that has the newer cookie by now: what it wants to write
// goes into no other session.
func TestRotation_lately_is_answered_409_and_no_new_session_begins(t *testing.T) {
	asks := func(t *testing.T, v *visitor, status int) {
		t.Helper()
		res := v.copy().does("POST", func(s *session.Session) { count.Set(s, 1) })
		want(t, "status", res.StatusCode, status)
		want(t, "a new session", len(res.Cookies()), map[int]int{http.StatusOK: 1}[status])
	}
	t.Run("since it was seen", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			old, young := newLab(t, quarterly).rotated("ann")
			time.Sleep(10 * time.Minute)
			young.owner()
			time.Sleep(30 * time.Second)
			asks(t, old, http.StatusConflict)
			time.Sleep(90*time.Second - time.Millisecond)
			asks(t, old, http.StatusConflict)
			time.Sleep(time.Millisecond)
			asks(t, old, http.StatusOK)
		})
	})
	t.Run("since the rotation", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, quarterly)
			v := l.login("ann")
			old := v.copy()
			v.seen()
			time.Sleep(l.o.Rotate)
			v.owner() // the next, which nobody sees
			asks(t, old, http.StatusConflict)
			time.Sleep(2*time.Minute - time.Millisecond)
			asks(t, old, http.StatusConflict)
			time.Sleep(time.Millisecond)
			asks(t, old, http.StatusOK)
		})
	})
}
