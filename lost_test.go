package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

// What becomes of a commit whose store fails, or whose answer is lost.

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
