package session_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

func TestCommits_of_one_session_queue_behind_a_leader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 0) })
		l.onSave = func(string, store.Record) error { time.Sleep(10 * time.Millisecond); return nil }
		l.saves.Store(0)
		var wg sync.WaitGroup
		loaded, release := make(chan bool, 200), make(chan bool)
		var failed atomic.Int32
		numbers := make([]int, 200)
		for i := range 200 {
			wg.Go(func() {
				res := v.copy().sends("POST", func(s *session.Session) {
					loaded <- true
					<-release
					if i == 50 {
						count.TryUpdate(s, func(n int) (int, error) {
							if n > 10 {
								return 0, errors.New("too many")
							}
							return n, nil
						})
						return
					}
					count.Update(s, inc)
					if err := s.Commit(t.Context()); err != nil {
						t.Error(err)
					}
					numbers[i] = count.Get(s)
				})
				if res.StatusCode != 200 {
					failed.Add(1)
				}
			})
		}
		for range 200 {
			<-loaded
		}
		close(release)
		wg.Wait()
		want(t, "count", tells(v, count), 199)
		seen := map[int]bool{}
		for _, n := range numbers {
			seen[n] = true
		}
		want(t, "distinct numbers", len(seen), 200) // 1 to 199, and the 0 of the refused one
		if n := l.saves.Load(); n > 20 {
			t.Errorf("got %d Saves, want at most 20", n)
		}
		if n := failed.Load(); n > 1 {
			t.Errorf("%d requests failed", n)
		}
	})
}

func TestA_panic_in_a_replayed_function_is_raised_in_its_own_request(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 0) })
		l.onSave = func(string, store.Record) error { time.Sleep(10 * time.Millisecond); return nil }
		var wg sync.WaitGroup
		var panics [10]any
		for i := range 10 {
			wg.Go(func() {
				defer func() { panics[i] = recover() }()
				v.copy().sends("POST", func(s *session.Session) {
					_ = s.Err()
					time.Sleep(time.Duration(1+i%6) * time.Millisecond) // 5 is not the first
					count.Update(s, func(n int) int {
						if i == 5 && n > 0 {
							panic("five")
						}
						return n + 1
					})
				})
			})
		}
		wg.Wait()
		l.onSave = nil
		for i, p := range panics {
			if (p != nil) != (i == 5) {
				t.Errorf("request %d: panic %v", i, p)
			}
		}
		want(t, "count", tells(v, count), 9)
	})
}

func TestAn_update_after_a_Commit_that_others_shared_runs_on_what_they_left(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 0) })
		l.onSave = func(string, store.Record) error { time.Sleep(10 * time.Millisecond); return nil }
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				v.copy().posts(func(s *session.Session) {
					for range 3 {
						count.Update(s, inc)
						if err := s.Commit(t.Context()); err != nil {
							t.Error(err)
						}
					}
				})
			})
		}
		wg.Wait()
		want(t, "count", tells(v, count), 60)
	})
}
