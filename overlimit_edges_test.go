package session_test

import (
	"errors"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

// Of each five answers of the store one is lost. A login that is denied takes
// nobody's session away, and one whose fate was unknown takes no place.
func TestDenyNew_keeps_to_the_limit_with_a_store_that_loses_answers(t *testing.T) {
	for seed := range int32(20) {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, session.Options{Limit: 3, OverLimit: session.DenyNew})
			visitors := make([]*visitor, 20)
			for i := range visitors {
				if visitors[i] = l.visitor(); i%3 == 0 {
					visitors[i] = l.login("bob-" + strconv.Itoa(i))
				}
			}
			var saves atomic.Int32
			l.afterSave = func(_ string, _ store.Record, _ uint64, err error) error {
				if n := saves.Add(1); err == nil && (n*7+seed)%5 == 0 {
					return errLost
				}
				return err
			}
			var all sync.WaitGroup
			for _, v := range visitors {
				all.Go(func() { v.does("POST", login("ann")) })
			}
			all.Wait()
			l.afterSave = nil
			in := 0
			for i, v := range visitors {
				switch owner := v.owner(); {
				case owner == "ann":
					in++
				case i%3 == 0:
					want(t, "owner of who was denied", owner, "bob-"+strconv.Itoa(i))
				}
			}
			if listed := len(l.list("ann")); in == 0 || in > 3 || listed > 3 {
				t.Errorf("seed %d: %d are in and %d on the list, of at most 3", seed, in, listed)
			}
		})
	}
}

func TestDenyNew_is_an_error_of_Manager_Commit_and_leaves_the_guest_as_he_was(t *testing.T) {
	l := newLab(t, session.Options{Limit: 1, OverLimit: session.DenyNew})
	l.login("ann")
	v := l.visitor()
	v.posts(func(s *session.Session) { name.Set(s, "guest") })
	s, h := l.m.Load(v.request("POST")), http.Header{}
	s.Login("ann")
	err := l.m.Commit(t.Context(), h, s)
	want(t, "it is ErrLimit", errors.Is(err, session.ErrLimit), true)
	want(t, "cookies", len(h["Set-Cookie"]), 0)
	want(t, "value", tells(v, name), "guest")
}

// It was taken off the list as idle, and a request that had come in time brought
// it back to life: out of the limit's reach, and of EndAll's.
func TestA_session_that_idled_out_beside_a_login_is_not_revived_by_a_slow_request(t *testing.T) {
	for _, policy := range []session.OverLimit{session.EndOldest, session.DenyNew} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, session.Options{Limit: 1, OverLimit: policy, Idle: 10 * time.Minute})
			v := l.login("ann")
			time.Sleep(10*time.Minute - time.Second)
			var next *visitor
			res := v.meanwhile(func(s *session.Session) { count.Set(s, 1) }, func() {
				time.Sleep(2 * time.Second)
				next = l.login("ann")
			})
			want(t, "status of the slow request", res.StatusCode, http.StatusConflict)
			want(t, "owner", v.copy().owner(), "")
			want(t, "owner of the next", next.owner(), "ann")
			if ids := l.list("ann"); len(ids) != 1 || ids[0] != next.id() {
				t.Errorf("listed: got %v, want %v", ids, next.id())
			}
			want(t, "events of one that was evicted", l.count(session.Evicted), 0)
		})
	}
}

// A login has looked at a session that had idled out, and a slow request is
// faster than the ending: the session is alive, and keeps its place.
func TestA_session_that_is_revived_between_the_look_and_the_ending_is_not_ended(t *testing.T) {
	for what, hook := range map[string]func(l *lab, id string, revive func()){
		"before it is loaded": func(l *lab, id string, revive func()) {
			looks := 0
			l.onLoad = func(loaded string) error {
				if loaded == id {
					if looks++; looks == 2 {
						revive()
					}
				}
				return nil
			}
		},
		"before it is saved": func(l *lab, id string, revive func()) {
			l.onSave = func(saved string, _ store.Record) error {
				if saved == id {
					revive()
				}
				return nil
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, session.Options{Limit: 1, OverLimit: session.DenyNew, Idle: 10 * time.Minute})
				v := l.login("ann")
				time.Sleep(10*time.Minute - time.Second)
				goes, revived := make(chan bool), false
				status := v.at(l.twin()).starts(func(s *session.Session) { // at another process: not in the queue
					count.Get(s)
					<-goes
					count.Set(s, 1)
				})
				time.Sleep(2 * time.Second)
				hook(l, v.id(), func() {
					if !revived {
						revived = true
						close(goes)
						want(t, "status of the slow request", status(), http.StatusOK)
					}
				})
				res := l.visitor().does("POST", login("ann"))
				l.onLoad, l.onSave = nil, nil
				want(t, "it was revived", revived, true)
				want(t, "status of the login", res.StatusCode, http.StatusConflict)
				want(t, "owner", v.owner(), "ann")
				want(t, "value", tells(v, count), 1)
				want(t, "listed", len(l.list("ann")), 1)
			})
		})
	}
}

// Of logins in one millisecond the first is the oldest, whatever their ids are.
func TestEndOldest_goes_by_the_order_of_logins_of_one_millisecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{Limit: 3})
		var all []*visitor
		for range 30 {
			all = append(all, l.login("ann")) // in a bubble no time passes
		}
		for i, v := range all {
			want(t, "owner", v.owner(), map[bool]string{true: "ann"}[i >= len(all)-3])
		}
	})
}
