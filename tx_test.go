package session_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

// Commits within the application's own transaction.

func TestAChangeIsKeptWithTheTransaction(t *testing.T) {
	l := newTxLab(t, session.Options{})
	v := l.visitor()
	want(t, "cookies of a new session", cookies(l.within(v, true, func(s *session.Session) { count.Set(s, 1) })), 1)
	want(t, "count", tells(v, count), 1)
	want(t, "cookies of a change", cookies(l.within(v, true, func(s *session.Session) { count.Update(s, inc) })), 0)
	want(t, "count", tells(v, count), 2)
	want(t, "cookies of a login", cookies(l.within(v, true, func(s *session.Session) { s.Login("ann") })), 1)
	want(t, "owner", v.owner(), "ann")
	want(t, "cookies of a renewal", cookies(l.within(v, true, func(s *session.Session) { s.Renew() })), 1)
	want(t, "owner", v.owner(), "ann")
	before := v.copy()
	want(t, "cookies of an end", cookies(l.within(v, true, func(s *session.Session) { s.End() })), 1)
	want(t, "owner with the old token", before.owner(), "")
	for kind, n := range map[session.Kind]int{
		session.Created: 1, session.LoggedIn: 1, session.Renewed: 1, session.RolledBack: 0, session.Conflict: 0,
	} {
		want(t, "events "+string(kind), l.count(kind), n)
	}
}

func TestWhatWasRolledBackHasNeverBeen(t *testing.T) {
	for what, f := range map[string]func(s *session.Session){
		"Set":     func(s *session.Session) { count.Set(s, 2) },
		"Login":   func(s *session.Session) { s.Login("bob") },
		"Renew":   func(s *session.Session) { s.Renew() },
		"StepUp":  func(s *session.Session) { s.StepUp(2) },
		"End":     func(s *session.Session) { s.End() },
		"anew":    func(s *session.Session) { s.End(); s.Login("bob") },
		"nothing": func(s *session.Session) { count.Set(s, 1) },
	} {
		l := newTxLab(t, session.Options{})
		v := l.login("ann")
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		told := l.count(session.LoggedIn) + l.count(session.Ended)
		res := l.within(v, false, f)
		want(t, what+": status", res.StatusCode, 200)
		want(t, what+": cookies", cookies(res), 0)
		want(t, what+": owner", v.owner(), "ann")
		want(t, what+": count", tells(v, count), 1)
		want(t, what+": events of it", l.count(session.LoggedIn)+l.count(session.Ended), told)
		want(t, what+": events rolled-back", l.count(session.RolledBack), map[bool]int{true: 1}[what != "nothing"])
		n := 0
		for range l.m.List(t.Context(), "bob") {
			n++
		}
		want(t, what+": sessions of bob", n, 0)
	}
}

func TestANewSessionThatWasRolledBackGetsNoCookie(t *testing.T) {
	for _, owner := range []string{"", "ann"} {
		l := newTxLab(t, session.Options{})
		v := l.visitor()
		res := l.within(v, false, func(s *session.Session) {
			count.Set(s, 1)
			if owner != "" {
				s.Login(owner)
			}
		})
		want(t, "cookies", cookies(res), 0)
		want(t, "events created", l.count(session.Created), 0)
		want(t, "events rolled-back", l.count(session.RolledBack), 1)
		want(t, "rows", len(l.st.rows), 0)
	}
}

func TestAConflictInATransactionIsTheCallersAndTheTransactionCanBeRunAgain(t *testing.T) {
	l := newTxLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	runs, calls := 0, 0
	v.posts(func(s *session.Session) {
		_ = s.Err()
		v.copy().at(l.twin()).posts(func(s *session.Session) { count.Set(s, 10); name.Set(s, "other") })
		for {
			runs++
			tx := l.st.begin()
			count.Update(s, func(n int) int { calls++; return n + 1 })
			err := s.Commit(tx.with(t.Context()))
			if err == nil {
				tx.commit()
				return
			}
			want(t, "is ErrConflict", errors.Is(err, session.ErrConflict), true)
			want(t, "status of the error", session.StatusCode(err), 409)
			want(t, "is store.ErrConflict", errors.Is(err, store.ErrConflict), true)
			want(t, "count that the request sees", count.Get(s), 1)
		}
	})
	want(t, "runs", runs, 2)
	want(t, "count", tells(v, count), 11)
	want(t, "name", tells(v, name), "other")
}

func TestAnErrorOfTheDriverReachesWhoeverRunsTheTransaction(t *testing.T) {
	serialization := errors.New("could not serialize access")
	for _, fresh := range []bool{true, false} {
		l := newTxLab(t, session.Options{})
		v := l.visitor()
		if !fresh {
			v.posts(func(s *session.Session) { count.Set(s, 1) })
		}
		l.saves.Store(0)
		l.onSave = func(string, store.Record) error { return fmt.Errorf("save: %w", serialization) }
		res := v.does("POST", func(s *session.Session) {
			count.Set(s, 2)
			err := s.Commit(l.st.begin().with(t.Context()))
			want(t, "is the driver's", errors.Is(err, serialization), true)
		})
		want(t, "status", res.StatusCode, 200) // the handler was told
		want(t, "saves", l.saves.Load(), 1)
		l.onSave = nil
		want(t, "count", tells(v, count), map[bool]int{true: 0, false: 1}[fresh])
	}
}

func TestATransactionSharesItsSaveWithNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTxLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 0) })
		release := l.stall()
		leader := v.copy().starts(func(s *session.Session) { count.Update(s, inc) })
		follower := v.copy().starts(func(s *session.Session) { count.Update(s, inc) })
		tx := l.st.begin()
		v.sends("POST", func(s *session.Session) { // does not wait for the leader
			name.Set(s, "tx")
			want(t, "Commit", s.Commit(tx.with(t.Context())), nil)
			want(t, "rows in the transaction", len(tx.rows), 1)
			// It is never committed, and takes nobody's change with it.
		})
		release()
		want(t, "leader", leader(), 200)
		want(t, "follower", follower(), 200)
		want(t, "count", tells(v, count), 2)
		want(t, "name", tells(v, name), "")
	})
}

func TestSeveralCommitsInOneTransactionStandOrFallTogether(t *testing.T) {
	for _, kept := range []bool{true, false} {
		l := newTxLab(t, session.Options{})
		v := l.login("ann")
		res := v.does("POST", func(s *session.Session) {
			tx := l.st.begin()
			for _, f := range []func(){
				func() { count.Update(s, inc) }, func() { s.Login("bob") }, func() { count.Update(s, inc) }, func() {},
			} {
				f()
				want(t, "Commit", s.Commit(tx.with(t.Context())), nil)
			}
			if kept {
				tx.commit()
			}
		})
		want(t, "cookies", cookies(res), map[bool]int{true: 1}[kept])
		want(t, "owner", v.owner(), map[bool]string{true: "bob", false: "ann"}[kept])
		want(t, "count", tells(v, count), map[bool]int{true: 1}[kept]) // bob does not see ann's
	}
}

func TestTwoTransactionsInOneRequestHaveEachItsOwnOutcome(t *testing.T) {
	for first := range 2 {
		for second := range 2 {
			l := newTxLab(t, session.Options{})
			v := l.visitor()
			v.posts(func(s *session.Session) { count.Set(s, 0) })
			v.posts(func(s *session.Session) {
				for i, kept := range []bool{first == 1, second == 1} {
					tx := l.st.begin()
					count.Update(s, func(n int) int { return n + 1 + 9*i })
					want(t, "Commit", s.Commit(tx.with(t.Context())), nil)
					if kept {
						tx.commit()
					}
				}
			})
			want(t, "count", tells(v, count), first+10*second)
			want(t, "events rolled-back", l.count(session.RolledBack), 2-first-second)
		}
	}
}

func TestWhatIsChangedAfterTheTransactionIsKeptWithoutIt(t *testing.T) {
	for _, kept := range []bool{true, false} {
		for _, fresh := range []bool{true, false} {
			l := newTxLab(t, session.Options{})
			v := l.visitor()
			if !fresh {
				v.posts(func(s *session.Session) { count.Set(s, 1) })
			}
			v.posts(func(s *session.Session) {
				tx := l.st.begin()
				count.Update(s, func(n int) int { return n + 10 })
				want(t, "Commit", s.Commit(tx.with(t.Context())), nil)
				if kept {
					tx.commit()
				}
				count.Update(s, func(n int) int { return n + 100 })
				name.Set(s, "after")
			})
			n := 100
			if kept {
				n += 10
			}
			if !fresh {
				n++
			}
			want(t, fmt.Sprint("count, kept ", kept, ", fresh ", fresh), tells(v, count), n)
			want(t, "name", tells(v, name), "after")
		}
	}
}

func TestACommitWithoutATransactionAsksForTheOutcomeOfTheOneBefore(t *testing.T) {
	for _, kept := range []bool{true, false} {
		l := newTxLab(t, session.Options{})
		v := l.login("ann")
		res := v.does("POST", func(s *session.Session) {
			tx := l.st.begin()
			s.Login("bob")
			want(t, "Commit in the transaction", s.Commit(tx.with(t.Context())), nil)
			if kept {
				tx.commit()
			}
			want(t, "Reload", s.Reload(t.Context()), nil)
			want(t, "owner", s.Owner(), map[bool]string{true: "bob", false: "ann"}[kept])
			count.Set(s, 7)
			want(t, "Commit", s.Commit(t.Context()), nil)
		})
		want(t, "cookies", cookies(res), map[bool]int{true: 1}[kept])
		want(t, "count", tells(v, count), 7)
	}
}

func TestWithoutAnAnswerAboutTheTransactionThereIsNeitherPageNorCookie(t *testing.T) {
	l := newTxLab(t, session.Options{Timeout: time.Second})
	v := l.visitor()
	res := v.sends("POST", func(s *session.Session) {
		tx := l.st.begin()
		s.Login("ann")
		want(t, "Commit", s.Commit(tx.with(t.Context())), nil)
		tx.commit()
		l.onLoad = func(string) error { return errLost }
	})
	want(t, "status", res.StatusCode, 503)
	want(t, "cookies", cookies(res), 0)
}

func TestATransactionThatOthersHaveWrittenOverTooOftenIsUnknown(t *testing.T) {
	for others := range 6 {
		l := newTxLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 0) })
		res := v.sends("POST", func(s *session.Session) {
			tx := l.st.begin()
			name.Set(s, "tx")
			want(t, "Commit", s.Commit(tx.with(t.Context())), nil)
			tx.commit()
			for range others {
				v.copy().at(l.twin()).posts(func(s *session.Session) { count.Update(s, inc) })
			}
		})
		code := 200
		if others >= 4 { // stamps that a record remembers
			code = 503
		}
		want(t, fmt.Sprint("status after ", others, " others"), res.StatusCode, code)
		want(t, "name", tells(v, name), "tx")
	}
}

func TestATransactionInTheRequestsOwnContextIsRefused(t *testing.T) {
	l := newTxLab(t, session.Options{})
	tx := l.st.begin()
	h := l.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count.Set(session.From(r.Context()), 1)
	}))
	res := serve(h, httptest.NewRequest("POST", "https://example.com/", nil).WithContext(tx.with(t.Context())))
	tx.commit()
	want(t, "status", res.StatusCode, 500)
	want(t, "rows", len(l.st.rows), 0)
}

func TestAfterAPanicTheCookieOfATransactionThatWasCommittedGoesOut(t *testing.T) {
	for _, kept := range []bool{true, false} {
		l := newTxLab(t, session.Options{})
		w := httptest.NewRecorder()
		got := panicOf(t, func() {
			l.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				s, tx := session.From(r.Context()), l.st.begin()
				s.Login("ann")
				want(t, "Commit", s.Commit(tx.with(r.Context())), nil)
				if kept {
					tx.commit()
				}
				panic("bug")
			})).ServeHTTP(w, httptest.NewRequest("POST", "https://example.com/", nil))
		})
		want(t, "panic", got, any("bug"))
		want(t, "cookies", cookies(w.Result()), map[bool]int{true: 1}[kept])
	}
}

func TestALateCommitInATransactionIsKeptWithIt(t *testing.T) {
	for _, kept := range []bool{true, false} {
		l := newTxLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		res := sendRaw(v, func(w http.ResponseWriter, r *http.Request) {
			s, tx := session.From(r.Context()), l.st.begin()
			w.WriteHeader(200)
			count.Update(s, inc)
			want(t, "Commit", s.Commit(tx.with(r.Context())), nil)
			if kept {
				tx.commit()
			}
		})
		want(t, "status", res.StatusCode, 200)
		want(t, "count", tells(v, count), map[bool]int{true: 2, false: 1}[kept])
		want(t, "events rolled-back", l.count(session.RolledBack), map[bool]int{false: 1}[kept])
	}
}

func TestAllSessionsOfAnOwnerEndWithTheTransaction(t *testing.T) {
	for _, kept := range []bool{true, false} {
		l := newTxLab(t, session.Options{})
		a, b := l.login("ann"), l.login("ann")
		epoch, err := l.m.Epoch(t.Context(), "ann")
		want(t, "Epoch", err, nil)
		tx := l.st.begin()
		n, err := l.m.EndAll(tx.with(t.Context()), "ann")
		want(t, "EndAll", err, nil)
		want(t, "ended", n, 2)
		want(t, "owner before the end of the transaction", a.owner(), "ann")
		if kept {
			tx.commit()
		}
		now, err := l.m.Epoch(t.Context(), "ann")
		want(t, "Epoch", err, nil)
		want(t, "the epoch has moved", now != epoch, kept)
		for _, v := range []*visitor{a, b} {
			want(t, "owner", v.owner(), map[bool]string{false: "ann"}[kept])
		}
	}
}

func TestAUseIsNotNotedBehindATransactionThatMayBeOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTxLab(t, session.Options{Idle: time.Hour})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		time.Sleep(30 * time.Minute)
		l.saves.Store(0)
		v.posts(func(s *session.Session) {
			name.Set(s, "tx")
			want(t, "Commit", s.Commit(l.st.begin().with(t.Context())), nil)
		})
		want(t, "saves", l.saves.Load(), 1)
	})
}

func TestATransactionIsNotGivenWhatAnEarlierCommitMayHaveKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTxLab(t, session.Options{Timeout: time.Second})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 0) })
		l.afterSave = func(string, store.Record, uint64, error) error { return errLost }
		v.posts(func(s *session.Session) {
			count.Update(s, inc)
			want(t, "Commit succeeds", s.Commit(t.Context()) == nil, false)
			l.afterSave = nil
			err := s.Commit(l.st.begin().with(t.Context()))
			want(t, "is ErrUnavailable", errors.Is(err, session.ErrUnavailable), true)
			want(t, "Commit", s.Commit(t.Context()), nil)
		})
		want(t, "count", tells(v, count), 1)
	})
}

func TestATransactionThatFailedAtItsEndCanBeRunAgain(t *testing.T) {
	l := newTxLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	v.posts(func(s *session.Session) {
		for run := range 2 {
			tx := l.st.begin()
			count.Update(s, inc)
			want(t, "Commit", s.Commit(tx.with(t.Context())), nil)
			if run == 0 { // somebody else wins, and the database says so to whoever commits
				v.copy().at(l.twin()).posts(func(s *session.Session) { count.Set(s, 10) })
				continue
			}
			tx.commit()
		}
	})
	want(t, "count", tells(v, count), 11)
}

func TestALoginThatFailsInATransactionIsUndoneByItAlone(t *testing.T) {
	for _, fresh := range []bool{true, false} {
		l := newTxLab(t, session.Options{})
		v := l.visitor()
		if !fresh {
			v.posts(func(s *session.Session) { count.Set(s, 1) })
		}
		l.saves.Store(0)
		l.onSave = func(id string, _ store.Record) error {
			if isOwner(id) {
				return errLost
			}
			return nil
		}
		v.does("POST", func(s *session.Session) {
			s.Login("ann")
			err := s.Commit(l.st.begin().with(t.Context()))
			want(t, "is the driver's", errors.Is(err, errLost), true)
		})
		want(t, "saves", l.saves.Load(), 2) // the session's and the owner's
		want(t, "owner", v.owner(), "")
		want(t, "count", tells(v, count), map[bool]int{false: 1}[fresh])
	}
}
