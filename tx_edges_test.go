package session_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/store"
)

func TestWhoseClientGoesAwayBeforeTheCommitInATransactionKeepsNothing(t *testing.T) {
	for _, code := range []int{500, 200} {
		l := newTxLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { name.Set(s, "cart") })
		sendRaw(v, func(w http.ResponseWriter, r *http.Request) {
			s, tx := session.From(r.Context()), l.st.begin()
			ctx, cancel := context.WithCancel(tx.with(r.Context()))
			cancel() // the client hangs up; database/sql rolls the transaction back
			name.Delete(s)
			if err := s.Commit(ctx); err != nil {
				w.WriteHeader(code)
			}
		})
		want(t, "cart", tells(v, name), "cart")
	}
}

func TestATransactionThatFailsBeforeItsSaveAndIsRunAgainCountsOnce(t *testing.T) {
	l := newTxLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 0) })
	v.posts(func(s *session.Session) {
		tx := l.st.begin()
		name.Set(s, "first")
		want(t, "Commit", s.Commit(tx.with(t.Context())), nil)
		tx.commit()
		var fails atomic.Bool
		fails.Store(true)
		l.onLoad = func(string) error {
			if fails.Swap(false) {
				return errLost
			}
			return nil
		}
		for {
			tx := l.st.begin()
			count.Update(s, inc)
			if s.Commit(tx.with(t.Context())) == nil {
				tx.commit()
				break
			}
		}
	})
	want(t, "count", tells(v, count), 1)
}

func TestAnUpdateThatPanicsInATransactionTakesTheOthersAlong(t *testing.T) {
	l := newTxLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	v.sends("POST", func(s *session.Session) {
		_ = s.Err()
		v.copy().at(l.twin()).posts(func(s *session.Session) { count.Set(s, -5) })
		name.Set(s, "x")
		s.Commit(l.st.begin().with(t.Context())) // a conflict; from now on the record is loaded
		tx := l.st.begin()
		name.Set(s, "emptied")
		boom := true
		count.Update(s, func(i int) int {
			if i < 0 && boom {
				boom = false
				panic("boom")
			}
			return i + 1
		})
		func() {
			defer func() { recover() }()
			s.Commit(tx.with(t.Context()))
		}()
	})
	want(t, "name", tells(v, name), "")
}

func TestSeveralCommitsInATransactionThatIsRolledBackAreNoFailure(t *testing.T) {
	l := newTxLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	res := v.sends("POST", func(s *session.Session) {
		tx := l.st.begin()
		for range 2 {
			count.Update(s, inc)
			want(t, "Commit", s.Commit(tx.with(t.Context())), nil)
		}
	})
	want(t, "status", res.StatusCode, 200)
	want(t, "rolled-back", l.count(session.RolledBack), 1)
}

func TestAPartOfATransactionThatWasRolledBackIsMissed(t *testing.T) { // *sql.Conn, a savepoint
	l := newTxLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { name.Set(s, "cart") })
	told := false
	v.posts(func(s *session.Session) {
		tx := l.st.begin()
		name.Delete(s)
		want(t, "Commit", s.Commit(tx.with(t.Context())), nil)
		clear(tx.rows) // rolled back, and run again
		name.Delete(s)
		told = s.Commit(tx.with(t.Context())) != nil
		tx.commit()
	})
	if !told {
		want(t, "cart", tells(v, name), "")
	}
}

func TestAHijackDoesNotLoseTheCookieOfATransaction(t *testing.T) {
	l := newTxLab(t, session.Options{})
	srv := httptest.NewServer(l.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, tx := session.From(r.Context()), l.st.begin()
		s.Login("ann")
		want(t, "Commit", s.Commit(tx.with(t.Context())), nil)
		tx.commit()
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
			conn.Close()
			t.Error("hijacked, and the cookie is lost")
		}
	})))
	defer srv.Close()
	_, _ = http.Post(srv.URL, "", nil)
}

func TestAttributesOfAnEarlierCommitAreInTheCookieOfATransaction(t *testing.T) {
	l := newTxLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	res := v.sends("POST", func(s *session.Session) {
		s.SetCookie(cookie.Attrs{MaxAge: time.Hour})
		want(t, "Commit", s.Commit(t.Context()), nil)
		s.Login("ann")
		tx := l.st.begin()
		want(t, "Commit", s.Commit(tx.with(t.Context())), nil)
		tx.commit()
	})
	want(t, "Max-Age", res.Cookies()[0].MaxAge, 3600)
}

func TestALateChangeInTheRequestsOwnTransactionCutsTheAnswerOff(t *testing.T) {
	l := newTxLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	tx := l.st.begin()
	h := l.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		count.Set(session.From(r.Context()), 2)
	}))
	cut := panicOf(t, func() { serve(h, v.request("POST").WithContext(tx.with(t.Context()))) })
	if cut == nil { // rolled back after a complete 200
		want(t, "count", tells(v, count), 2)
	}
}

func TestAUseIsNotNotedInTheRequestsOwnTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTxLab(t, session.Options{Idle: time.Hour})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		time.Sleep(30 * time.Minute)
		tx := l.st.begin()
		h := l.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { count.Get(session.From(r.Context())) }))
		serve(h, v.request("GET").WithContext(tx.with(t.Context())))
		want(t, "rows written into the application's transaction", len(tx.rows), 0)
	})
}

// opaque is a wrapper that must not unwrap: it changes records (encrypts them, say).
type opaque struct{ in store.Store }

func (o opaque) Load(ctx context.Context, id string) (store.Record, error) { return o.in.Load(ctx, id) }
func (o opaque) Save(ctx context.Context, id string, r store.Record) (uint64, error) {
	return o.in.Save(ctx, id, r)
}
func (o opaque) Delete(ctx context.Context, id string) error { return o.in.Delete(ctx, id) }

func TestAWrapperThatHidesTransactionsIsGivenNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newRowStore()
		l := newLabOn(t, opaque{st}, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 0) })
		release := l.stall()
		leader := v.copy().starts(func(s *session.Session) { name.Set(s, "x") })
		tx := st.begin()
		first := v.copy().starts(func(s *session.Session) {
			name.Set(s, "tx")
			want(t, "Commit is refused", s.Commit(tx.with(t.Context())) != nil, true)
		})
		other := v.copy().starts(func(s *session.Session) { count.Update(s, inc) })
		release()
		leader()
		first()
		want(t, "other", other(), 200)
		want(t, "count of the other, who was answered 200", tells(v, count), 1)
	})
}

func TestAStoreThatJoinsNoTransactionIsGivenNone(t *testing.T) {
	l, m := newTxLab(t, session.Options{}), newLab(t, session.Options{}) // m's is a memstore
	w := m.visitor()
	w.does("POST", func(s *session.Session) {
		count.Set(s, 1)
		want(t, "Commit refuses", s.Commit(l.st.begin().with(t.Context())) != nil, true)
	})
}

func TestARefusalInATransactionHasItsEvents(t *testing.T) {
	l := newTxLab(t, session.Options{})
	v := l.login("ann")
	v.sends("POST", func(s *session.Session) {
		_ = s.Err()
		v.copy().at(l.twin()).posts(func(s *session.Session) { s.Renew() })
		for range 2 { // the first is a conflict, then ErrSuperseded
			count.Set(s, 1)
			s.Commit(l.st.begin().with(t.Context()))
		}
	})
	want(t, "events superseded", l.count(session.Superseded) > 0, true)
}

func TestOneTransactionMayHaveTwoNames(t *testing.T) {
	for _, kept := range []bool{true, false} {
		for _, fresh := range []bool{true, false} {
			l := newTxLab(t, session.Options{})
			v := l.visitor()
			if !fresh {
				v.posts(func(s *session.Session) { count.Set(s, 0) })
			}
			v.posts(func(s *session.Session) {
				tx := l.st.begin()
				for range 3 {
					count.Update(s, inc)
					want(t, "Commit", s.Commit(tx.byAnotherName(t.Context())), nil)
				}
				if kept {
					tx.commit()
				}
			})
			want(t, "count", tells(v, count), map[bool]int{true: 3}[kept])
		}
	}
}

// The database went down at the transaction's commit, and the handler says so
// in its own words.
func TestAHandlerThatAnswersWithAnErrorKeepsItsAnswerThoughNobodyKnowsOfTheTransaction(t *testing.T) {
	l := newTxLab(t, session.Options{Timeout: time.Second})
	v := l.login("ann")
	res := sendRaw(v, func(w http.ResponseWriter, r *http.Request) {
		s, tx := session.From(r.Context()), l.st.begin()
		s.Login("bob")
		want(t, "Commit", s.Commit(tx.with(r.Context())), nil)
		l.onLoad = func(string) error { return errLost }
		http.Error(w, "sorry", http.StatusTeapot)
	})
	l.onLoad = nil
	want(t, "status", res.StatusCode, http.StatusTeapot)
	want(t, "cookies", cookies(res), 0)
	want(t, "owner", v.owner(), "ann")
	want(t, "events failed", l.count(session.Failed), 1)
}
