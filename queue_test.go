package session_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

// A page polled at one server while the visitor signed in at another: the first
// server judged the new token by its own last Save, and answered 409 to it.
func TestThe_newest_token_is_not_refused_upon_a_record_that_is_older(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		release := l.stall()
		poll := v.copy().starts(func(s *session.Session) { name.Set(s, "poll") })
		signedIn := v.at(l.twin())
		signedIn.posts(func(s *session.Session) { s.Login("ann") })
		status := signedIn.at(l).starts(func(s *session.Session) { once.Set(s, "ann's") })
		release()
		want(t, "status of the poll", poll(), 200)
		want(t, "status of the newest token", status(), 200)
		want(t, "kept", tells(signedIn.at(l), once), "ann's")
	})
}

// The only one who took a coupon was told that another had been faster, since
// the server's last Save was of before the coupon.
func TestA_take_is_not_refused_upon_a_record_of_before_the_value(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		release := l.stall()
		poll := v.copy().starts(func(s *session.Session) { name.Set(s, "poll") })
		v.at(l.twin()).posts(func(s *session.Session) { once.Set(s, "coupon") })
		status := v.copy().starts(func(s *session.Session) {
			got, _ := once.Take(s)
			want(t, "taken", got, "coupon")
		})
		release()
		want(t, "status of the poll", poll(), 200)
		want(t, "status of the only Take", status(), 200)
		want(t, "left", tells(v, once), "")
	})
}

// A visitor changed a setting back: it was what the server's last Save had, and
// so it was dropped as no change, with a 200.
func TestA_set_is_not_lost_to_a_stale_record_on_which_it_would_change_nothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		release := l.stall()
		poll := v.copy().starts(func(s *session.Session) { name.Set(s, "poll") })
		v.at(l.twin()).posts(func(s *session.Session) { count.Set(s, 2) })
		status := v.copy().starts(func(s *session.Session) {
			want(t, "seen", count.Get(s), 2)
			count.Set(s, 1)
		})
		release()
		want(t, "status of the poll", poll(), 200)
		want(t, "status", status(), 200)
		want(t, "count", tells(v, count), 1)
	})
}

// The same within one process: the batch was judged by what its first request
// had seen, and not by the newest that any of them had.
func TestA_set_is_not_lost_to_a_batchmate_that_saw_an_older_record(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{Timeout: time.Second})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		proceed := make(chan bool)
		early := v.copy().starts(func(s *session.Session) {
			count.Get(s)
			<-proceed
			count.Set(s, 1)
		})
		v.posts(func(s *session.Session) { count.Set(s, 2) })
		var down atomic.Bool
		down.Store(true)
		l.onSave = func(string, store.Record) error {
			if down.Load() {
				return errLost
			}
			return nil
		}
		leader := v.copy().starts(func(s *session.Session) { name.Set(s, "lost") })
		time.Sleep(500 * time.Millisecond)
		close(proceed)
		synctest.Wait()
		late := v.copy().starts(func(s *session.Session) {
			want(t, "seen", count.Get(s), 2)
			count.Set(s, 1)
		})
		want(t, "status while the store was down", leader(), 503)
		down.Store(false)
		want(t, "status of the one that saw 1", early(), 200)
		want(t, "status of the one that saw 2", late(), 200)
		want(t, "count", tells(v, count), 1)
	})
}

// A login that failed was undone to the record of before its whole batch: what
// other requests had been told was kept went with it.
func TestAn_undone_login_takes_nothing_along_that_was_saved_with_it(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		release := l.stall()
		first := v.copy().starts(func(s *session.Session) { count.Update(s, inc) })
		set := v.copy().starts(func(s *session.Session) { name.Set(s, "kept") })
		login := v.copy().starts(func(s *session.Session) { s.LoginWith("ann", session.Terms{AtEpoch: 12345}) })
		release()
		want(t, "status of the first", first(), 200)
		want(t, "status of the set", set(), 200)
		want(t, "status of the login", login(), 409)
		want(t, "owner", v.owner(), "")
		want(t, "name", tells(v, name), "kept")
		want(t, "count", tells(v, count), 2)
	})
}

// A driver's bug, a panic in Load, left the session locked: the request hung
// for ever, and with it the recoverer that was to answer.
func TestA_store_that_panics_in_Load_hangs_nobody(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		l.onLoad = func(string) error { panic("driver's bug") }
		got := panicOf(t, func() { v.sends(method, func(s *session.Session) { count.Get(s) }) })
		want(t, method+" panics with", got, any("driver's bug"))
		l.onLoad = nil
		want(t, "count", tells(v, count), 1)
	}
}

// A Save that was applied and then panicked was forgotten, and the requests that
// had been in it were counted a second time.
func TestA_store_that_panics_in_Save_hangs_nobody_and_doubles_nothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		release := l.stall()
		stalled := l.afterSave
		saves := 0
		l.afterSave = func(id string, rec store.Record, n uint64, err error) error {
			if saves++; saves == 2 {
				panic("driver's bug")
			}
			return stalled(id, rec, n, err)
		}
		first := v.copy().starts(func(s *session.Session) { name.Set(s, "first") })
		panicked := make(chan any, 1)
		go func() {
			panicked <- panicOf(t, func() {
				v.copy().sends("POST", func(s *session.Session) { count.Update(s, inc) })
			})
		}()
		synctest.Wait()
		mate := v.copy().starts(func(s *session.Session) { count.Update(s, inc) })
		release()
		want(t, "status of the first", first(), 200)
		want(t, "the leader panics with", <-panicked, any("driver's bug"))
		want(t, "status of its batchmate", mate(), 200)
		want(t, "count", tells(v, count), 3)
	})
}

// The store's client had asked its server twice, and the second answer was a
// conflict with the first. The load after it failed: the update was made again.
func TestAn_update_is_not_doubled_by_a_conflict_with_itself(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	v.posts(func(s *session.Session) {
		count.Update(s, inc)
		l.afterSave = func(string, store.Record, uint64, error) error {
			l.afterSave = nil
			l.onLoad = func(string) error { return errLost }
			return store.ErrConflict
		}
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
		l.onLoad = nil
	})
	want(t, "count", tells(v, count), 2)
}

// Goroutines of one request that repeated a failed Commit at once raced for what
// was known of it (the race detector told).
func TestA_failed_Commit_may_be_repeated_by_many_goroutines_at_once(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 10 {
			l := newLab(t, session.Options{})
			v := l.visitor()
			v.posts(func(s *session.Session) { count.Set(s, 1) })
			v.posts(func(s *session.Session) {
				count.Update(s, inc)
				var down atomic.Bool
				down.Store(true)
				l.afterSave = func(_ string, _ store.Record, _ uint64, err error) error {
					if down.Load() {
						return errLost
					}
					return err
				}
				if err := s.Commit(t.Context()); !errors.Is(err, errLost) {
					t.Errorf("got %v, want the store's error", err)
				}
				down.Store(false)
				var wg sync.WaitGroup
				for range 8 {
					wg.Go(func() {
						if err := s.Commit(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
			})
			want(t, "count", tells(v, count), 2)
		}
	})
}

// A function given to Update called Commit: at its replay it waited for the
// commit that waited for it, far beyond Timeout.
func TestA_Commit_inside_an_Update_is_an_error_and_no_deadlock(t *testing.T) {
	l := newLab(t, session.Options{Timeout: 20 * time.Millisecond})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	var inside error
	panicOf(t, func() {
		v.meanwhile(func(s *session.Session) {
			count.Update(s, func(n int) int { inside = s.Commit(t.Context()); return n + 1 })
		}, func() { v.copy().posts(func(s *session.Session) { count.Update(s, inc) }) })
	})
	if !errors.Is(inside, session.ErrUnavailable) {
		t.Errorf("at the replay: got %v, want ErrUnavailable", inside)
	}
}

// One request wrote more than the store would take, and those that happened to
// be saved with it were answered 503 for it.
func TestOne_list_too_large_for_the_store_does_not_fail_its_batchmates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		release := l.stall()
		l.onSave = func(_ string, rec store.Record) error {
			if len(rec.Data) > 1000 {
				return store.ErrFull
			}
			return nil
		}
		first := v.copy().starts(func(s *session.Session) { once.Set(s, "first") })
		before := v.copy().starts(func(s *session.Session) { count.Update(s, inc) })
		large := v.copy().starts(func(s *session.Session) { name.Set(s, strings.Repeat("x", 2000)) })
		behind := v.copy().starts(func(s *session.Session) { count.Update(s, inc) })
		release()
		want(t, "status of the first", first(), 200)
		want(t, "status of the one before", before(), 200)
		want(t, "status of the large one", large(), 503)
		want(t, "status of the one behind", behind(), 200)
		want(t, "count", tells(v, count), 3)
		want(t, "name", tells(v, name), "")
	})
}
