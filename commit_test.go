package session_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

func TestA_value_set_in_one_request_is_there_in_the_next(t *testing.T) {
	v := newLab(t, session.Options{}).visitor()
	v.gets(func(s *session.Session) { name.Set(s, "Zoë; admin=1") })
	want(t, "name", tells(v, name), "Zoë; admin=1")
	v.gets(func(s *session.Session) { name.Delete(s) })
	want(t, "deleted name", tells(v, name), "")
}

func TestAn_update_that_another_request_overtook_runs_again_on_the_newer_value(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 10) })
	res := v.meanwhile(
		func(s *session.Session) { want(t, "provisional", count.Update(s, inc), 11) },
		func() { v.copy().posts(func(s *session.Session) { count.Update(s, func(n int) int { return n + 5 }) }) })
	want(t, "status", res.StatusCode, 200)
	want(t, "count", tells(v, count), 16)
	want(t, "conflict events", l.count(session.Conflict), 1)
}

func inc(n int) int { return n + 1 }

func TestBlind_sets_of_different_keys_both_survive(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	v.meanwhile(func(s *session.Session) { name.Set(s, "b") },
		func() { v.copy().posts(func(s *session.Session) { count.Set(s, 2) }) })
	want(t, "name", tells(v, name), "b")
	want(t, "count", tells(v, count), 2)
	want(t, "overwritten events", l.count(session.Overwritten), 0)
}

func TestA_set_that_overtakes_a_value_changed_since_it_was_read_is_reported_with_key_and_caller(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1); name.Set(s, "a") })
	sets := 100
	race := func(read func(*session.Session)) *http.Response {
		return v.sends("POST", func(s *session.Session) {
			read(s)
			v.copy().posts(func(s *session.Session) { count.Update(s, inc) })
			sets += 100
			count.Set(s, sets)
		})
	}
	race(func(s *session.Session) { name.Get(s) })
	want(t, "events after reading another key", l.count(session.Overwritten), 0)
	race(func(s *session.Session) { count.Get(s) })
	want(t, "events after reading the key", l.count(session.Overwritten), 1)
	want(t, "count", tells(v, count), 300)
	for _, e := range l.events {
		if e.Kind == session.Overwritten && (e.Key != "count" || !strings.Contains(e.Caller, "commit_test.go:")) {
			t.Errorf("got key %q, caller %q", e.Key, e.Caller)
		}
	}
}

func TestStrict_refuses_a_set_of_a_value_that_changed_since_it_was_read(t *testing.T) {
	l := newLab(t, session.Options{Strict: true})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	for _, write := range []func(s *session.Session){
		func(s *session.Session) { count.Set(s, 100) },
		func(s *session.Session) { count.Delete(s) },
		func(s *session.Session) { s.ClearValues() },
	} {
		res := v.sends("POST", func(s *session.Session) {
			count.Get(s)
			v.copy().posts(func(s *session.Session) { count.Update(s, inc) })
			write(s)
		})
		want(t, "status", res.StatusCode, 409)
	}
	want(t, "count", tells(v, count), 4)
}

func TestOne_of_many_takes_of_a_value_succeeds(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { once.Set(s, "coupon") })
	res := v.meanwhile(
		func(s *session.Session) {
			got, ok := once.Take(s)
			want(t, "taken provisionally", got, "coupon")
			want(t, "ok", ok, true)
		},
		func() { v.copy().posts(func(s *session.Session) { once.Take(s) }) })
	want(t, "status of the second", res.StatusCode, 409)
	want(t, "value left", tells(v, once), "")
}

func TestA_TryUpdate_refused_at_the_replay_fails_the_commit(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	errEmpty := errors.New("empty")
	spend := func(n int) (int, error) {
		if n == 0 {
			return 0, errEmpty
		}
		return n - 1, nil
	}
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	res := v.sends("POST", func(s *session.Session) {
		_ = s.Err()
		v.copy().posts(func(s *session.Session) { count.TryUpdate(s, spend) })
		if n, err := count.TryUpdate(s, spend); n != 0 || err != nil {
			t.Errorf("first run: got %d, %v", n, err)
		}
		name.Set(s, "must not be kept")
		err := s.Commit(t.Context())
		if !errors.Is(err, session.ErrRefused) || !errors.Is(err, errEmpty) {
			t.Errorf("got %v, want ErrRefused wrapping the function's error", err)
		}
	})
	want(t, "status", res.StatusCode, 409)
	want(t, "name", tells(v, name), "")
	v.posts(func(s *session.Session) {
		if _, err := count.TryUpdate(s, spend); !errors.Is(err, errEmpty) {
			t.Errorf("refused at once: got %v", err)
		}
	})
}

func TestA_handler_that_was_told_of_a_failed_commit_answers_for_itself(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { once.Set(s, "coupon") })
	serve := func(code int) *http.Response {
		v.copy().posts(func(s *session.Session) { once.Set(s, "coupon") })
		return sendRaw(v, func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			once.Take(s)
			v.copy().posts(func(s *session.Session) { once.Take(s) })
			if err := s.Commit(r.Context()); !errors.Is(err, session.ErrTaken) {
				t.Errorf("got %v, want ErrTaken", err)
			}
			name.Set(s, "noted all the same")
			w.WriteHeader(code)
			w.Write([]byte("the handler's own page"))
		})
	}
	res := serve(410)
	want(t, "status", res.StatusCode, 410)
	want(t, "set after the failure", tells(v, name), "noted all the same")
	want(t, "a failure it did not deal with", serve(200).StatusCode, 409)
}

func TestA_logout_is_not_undone_by_a_request_in_flight(t *testing.T) {
	l := newLab(t, session.Options{})
	for _, method := range []string{"GET", "POST"} {
		v := l.visitor()
		v.posts(func(s *session.Session) { s.Login("ann"); count.Set(s, 1) })
		slow := v.copy()
		res := slow.sends(method, func(s *session.Session) {
			count.Get(s)
			v.copy().posts(func(s *session.Session) { s.End() })
			count.Set(s, 2)
		})
		want(t, method+" status", res.StatusCode, 409)
		want(t, "Set-Cookie lines", len(res.Cookies()), 0)
		want(t, "owner", slow.owner(), "")
		want(t, "count", tells(slow, count), 0)
	}
}

func TestNothing_written_under_the_token_of_before_a_login_is_in_the_session_after_it(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { name.Set(s, "anonymous") })
	res := v.meanwhile(func(s *session.Session) { count.Set(s, 666) },
		func() { v.posts(func(s *session.Session) { s.Login("ann") }) })
	want(t, "status of the slow request", res.StatusCode, 409)
	want(t, "count", tells(v, count), 0)
	want(t, "value of before the login", tells(v, name), "anonymous")
	want(t, "owner", v.owner(), "ann")
}

func TestA_double_click_on_login_signs_in_both_times(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { name.Set(s, "anonymous") })
	second := v.copy()
	second.takes(v.meanwhile(func(s *session.Session) {
		name.Set(s, "before the second login")
		s.Login("ann")
		count.Set(s, 7)
	}, func() { v.posts(func(s *session.Session) { s.Login("ann") }) }))
	want(t, "owner by the first answer", v.owner(), "ann")
	want(t, "owner by the second answer", second.owner(), "ann")
	want(t, "set after the second login", tells(second, count), 7)
	want(t, "set before it", tells(second, name), "")
}

func TestLogin_as_another_owner_drops_what_the_first_one_had(t *testing.T) {
	v := newLab(t, session.Options{}).visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	v.posts(func(s *session.Session) { s.Login("ann") })
	want(t, "ann's count", tells(v, count), 1)
	v.posts(func(s *session.Session) { s.Login("ann") })
	want(t, "ann's count after another login", tells(v, count), 1)
	v.posts(func(s *session.Session) {
		name.Set(s, "ann's")
		s.Login("bob")
		want(t, "seen at once", count.Get(s), 0)
	})
	want(t, "bob's count", tells(v, count), 0)
	want(t, "bob's name", tells(v, name), "")
}

func TestAn_old_token_opens_nothing_and_its_bearer_is_told(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { s.Login("ann"); count.Set(s, 1) })
	old := v.copy()
	v.posts(func(s *session.Session) { s.Renew() })
	if old.cookie.Value == v.cookie.Value {
		t.Fatal("the token is the same after Renew")
	}
	want(t, "id", old.cookie.Value[:24], v.cookie.Value[:24])
	want(t, "owner by the new token", v.owner(), "ann")
	want(t, "owner by the old token", old.owner(), "")
	want(t, "unsafe request", old.does("POST", func(s *session.Session) { count.Set(s, 2) }).StatusCode, 409)
	want(t, "safe request", old.does("GET", func(s *session.Session) {
		count.Set(s, 2)
		want(t, "visible to itself", count.Get(s), 2)
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrSuperseded) {
			t.Errorf("Commit: got %v, want ErrSuperseded", err)
		}
	}).StatusCode, 200)
	want(t, "count", tells(v, count), 1)
	old.posts(func(s *session.Session) { s.Login("bob") })
	want(t, "after a login of its own", old.owner(), "bob")
	want(t, "the other one", v.owner(), "ann")
}

func TestEnd_of_what_has_ended_succeeds_and_of_what_was_superseded_does_not(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { s.Login("ann") })
	old := v.copy()
	res := v.meanwhile(func(s *session.Session) { s.End() },
		func() { old.copy().posts(func(s *session.Session) { s.End() }) })
	want(t, "status", res.StatusCode, 200)
	want(t, "Set-Cookie lines", len(res.Cookies()), 0)
	want(t, "a later request", old.copy().does("POST", func(s *session.Session) { s.End() }).StatusCode, 200)

	v = l.visitor()
	v.posts(func(s *session.Session) { s.Login("ann") })
	res = v.meanwhile(func(s *session.Session) { s.End() },
		func() { v.posts(func(s *session.Session) { s.Renew() }) })
	want(t, "superseded", res.StatusCode, 409)
	want(t, "owner", v.owner(), "ann")
}

func TestEnd_and_then_Set_is_a_new_session_with_one_cookie(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { s.Login("ann"); count.Set(s, 1) })
	old := v.copy()
	res := v.does("POST", func(s *session.Session) {
		s.End()
		want(t, "owner after End", s.Owner(), "")
		want(t, "id after End", s.ID(), "")
		name.Set(s, "bye")
	})
	want(t, "Set-Cookie lines", len(res.Header["Set-Cookie"]), 1)
	want(t, "name", tells(v, name), "bye")
	want(t, "count", tells(v, count), 0)
	want(t, "owner by the old token", old.owner(), "")
	if old.cookie.Value[:24] == v.cookie.Value[:24] {
		t.Error("the new session has the id of the ended one")
	}
}

func TestA_lost_answer_counts_once(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		for _, applied := range []bool{true, false} {
			before := tells(v, count)
			fail := true
			l.onSave = func(string, store.Record) error {
				if fail && !applied {
					fail = false
					return errLost
				}
				return nil
			}
			l.afterSave = func(_ string, _ store.Record, _ uint64, err error) error {
				if fail && applied {
					fail = false
					return errLost
				}
				return nil
			}
			v.posts(func(s *session.Session) { count.Update(s, inc) })
			want(t, "count", tells(v, count), before+1)
			l.onSave, l.afterSave = nil, nil
		}
	})
}

func TestA_lost_answer_followed_by_another_request_counts_once(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 0) })
		for others := range 7 {
			v.posts(func(s *session.Session) { count.Set(s, 0) })
			other := l.twin()
			first := true
			l.afterSave = func(_ string, _ store.Record, _ uint64, err error) error {
				if !first {
					return nil
				}
				first = false
				for range others {
					v.at(other).posts(func(s *session.Session) { count.Update(s, inc) })
				}
				return errLost
			}
			res := v.does("POST", func(s *session.Session) { count.Update(s, inc) })
			l.afterSave = nil
			want(t, "count", tells(v, count), others+1)
			if wantStatus := map[bool]int{true: 200, false: 503}[others < 4]; res.StatusCode != wantStatus {
				t.Errorf("%d other writes: got status %d, want %d", others, res.StatusCode, wantStatus)
			}
		}
	})
}

func TestA_commit_that_timed_out_is_resolved_by_the_next_one(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, applied := range []bool{true, false} {
			l := newLab(t, session.Options{})
			v := l.visitor()
			v.posts(func(s *session.Session) { count.Set(s, 1) })
			v.posts(func(s *session.Session) {
				count.Update(s, inc)
				l.onSave = func(string, store.Record) error {
					if !applied {
						return errLost
					}
					return nil
				}
				l.afterSave = func(string, store.Record, uint64, error) error { return errLost }
				if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, errLost) {
					t.Errorf("got %v, want ErrUnavailable for the lost connection", err)
				}
				l.onSave, l.afterSave = nil, nil
				name.Set(s, "later")
			})
			want(t, "count", tells(v, count), 2)
			want(t, "name", tells(v, name), "later")
		}
	})
}

func TestA_create_whose_answer_was_lost_is_made_again_under_another_id(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.visitor()
		var ids []string
		l.afterSave = func(id string, _ store.Record, _ uint64, err error) error {
			ids = append(ids, id)
			if len(ids) < 3 {
				return errLost
			}
			return nil
		}
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		want(t, "tries", len(ids), 3)
		if ids[0] == ids[1] || ids[1] == ids[2] || v.cookie.Value[:24] != ids[2] {
			t.Errorf("ids %v, cookie %q", ids, v.cookie.Value[:24])
		}
	})
}

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

func TestAfter_Commit_a_request_sees_what_stood_directly_after_its_own_list(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	v.posts(func(s *session.Session) {
		_ = s.Err()
		v.copy().posts(func(s *session.Session) { count.Set(s, 10); name.Set(s, "other") })
		want(t, "provisional", count.Update(s, inc), 2)
		want(t, "before", name.Get(s), "")
		if err := s.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(t, "after", count.Get(s), 11)
		want(t, "the other's", name.Get(s), "other")
	})
}

func TestCommit_stops_for_a_cancelled_context_only_before_it_begins(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) {
		ctx, cancel := context.WithCancel(t.Context())
		l.onSave = func(string, store.Record) error { cancel(); return nil }
		count.Set(s, 1)
		if err := s.Commit(ctx); err != nil {
			t.Error(err)
		}
		count.Set(s, 2)
		if err := s.Commit(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	})
	want(t, "count", tells(v, count), 2)
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

func TestAn_update_pending_at_a_Reload_runs_on_what_was_reloaded(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 0) })
	v.posts(func(s *session.Session) {
		count.Update(s, inc)
		v.copy().posts(func(s *session.Session) { count.Set(s, 10) })
		if err := s.Reload(t.Context()); err != nil {
			t.Error(err)
		}
	})
	want(t, "count", tells(v, count), 11)
}

func TestAn_update_runs_once_if_nobody_was_faster(t *testing.T) {
	v := newLab(t, session.Options{}).visitor()
	for range 2 {
		runs := 0
		v.posts(func(s *session.Session) { count.Update(s, func(n int) int { runs++; return n + 1 }) })
		want(t, "runs", runs, 1)
	}
	want(t, "count", tells(v, count), 2)
}

func TestAn_update_before_a_login_that_begins_a_new_session_is_not_in_it(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 41) })
	second := v.copy()
	second.takes(v.meanwhile(func(s *session.Session) {
		s.Login("ann")
		count.Update(s, inc)
	}, func() { v.posts(func(s *session.Session) { s.End() }) }))
	want(t, "count in the new session", tells(second, count), 1)
}

func TestTwo_writers_of_one_number_that_both_read_before_are_told(t *testing.T) {
	for _, strict := range []bool{false, true} {
		l := newLab(t, session.Options{Strict: strict})
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		res := v.sends("POST", func(s *session.Session) {
			n := count.Get(s)
			v.copy().posts(func(s *session.Session) { count.Set(s, count.Get(s)+1) })
			count.Set(s, n+1)
		})
		want(t, "status", res.StatusCode, map[bool]int{false: 200, true: 409}[strict])
		want(t, "events", l.count(session.Overwritten), map[bool]int{false: 1, true: 0}[strict])
	}
}

func TestThe_error_of_a_store_that_stays_down_is_told_and_not_that_time_ran_out(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{})
		v := l.login("ann")
		l.onSave = func(string, store.Record) error {
			if l.saves.Load() > 20 {
				return context.DeadlineExceeded
			}
			return errLost
		}
		for _, who := range []*visitor{v, l.visitor()} {
			l.saves.Store(0)
			who.does("POST", func(s *session.Session) {
				count.Set(s, 1)
				if err := s.Commit(t.Context()); !errors.Is(err, errLost) {
					t.Errorf("got %v, want the store's error", err)
				}
			})
		}
	})
}
