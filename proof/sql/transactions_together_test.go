package sql_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store/sqlstore"
)

func TestTransactions_AnOrderAndTheSessionAreKeptTogetherOrNotAtAll(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		b := &buyer{shop: s}
		b.must(t, func(_ context.Context, s *session.Session) { s.Login("ann") })
		for i, kept := range []bool{true, false, true} {
			b.must(t, func(ctx context.Context, my *session.Session) {
				tx, err := s.begin(ctx, nil)
				check(t, err)
				defer tx.rollback()
				check(t, s.order(ctx, tx, "ann", i))
				orderCount.Update(my, inc)
				check(t, my.Commit(sqlstore.WithTx(ctx, tx.Tx)))
				if kept {
					check(t, tx.commit())
				}
			})
			n := []int{1, 1, 2}[i]
			b.wants(t, "ann", n, n)
		}
		if n := s.seen(session.RolledBack); n != 1 {
			t.Errorf("%d events rolled-back, want 1", n)
		}
	})
}

// A login writes the session and the list of its owner.
func TestTransactions_ALoginAndItsOwnerRecordStandOrFallWithTheOrder(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		for i, kept := range []bool{false, true} {
			b := &buyer{shop: s}
			res := b.must(t, func(ctx context.Context, my *session.Session) {
				tx, err := s.begin(ctx, nil)
				check(t, err)
				defer tx.rollback()
				check(t, s.order(ctx, tx, "ann", i))
				my.Login("ann")
				check(t, my.Commit(sqlstore.WithTx(ctx, tx.Tx)))
				if kept {
					check(t, tx.commit())
				}
			})
			listed := 0
			for _, err := range s.List(t.Context(), "ann") {
				check(t, err)
				listed++
			}
			want, owner := i, map[bool]string{true: "ann"}[kept]
			if listed != want || len(res.Cookies()) != want {
				t.Errorf("kept %t: %d sessions on the list and %d cookies, want %d of each", kept, listed, len(res.Cookies()), want)
			}
			b.wants(t, owner, 0, want)
		}
	})
}

// Somebody changes the session between the look and the transaction.
func TestTransactions_AConflictIsTheCallersAndTheTransactionRunsAgain(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		b := &buyer{shop: s}
		b.must(t, func(_ context.Context, s *session.Session) { orderCount.Set(s, 0) })
		runs := 0
		b.must(t, func(ctx context.Context, my *session.Session) {
			orderCount.Get(my)
			b.copy().must(t, func(_ context.Context, s *session.Session) { orderCount.Set(s, 10) })
			for {
				runs++
				tx, err := s.begin(ctx, nil)
				check(t, err)
				check(t, s.order(ctx, tx, "ann", runs))
				orderCount.Update(my, inc)
				err = my.Commit(sqlstore.WithTx(ctx, tx.Tx))
				if err == nil {
					check(t, tx.commit())
					return
				}
				check(t, tx.rollback())
				if !errors.Is(err, session.ErrConflict) || runs > 3 {
					t.Fatalf("run %d: %v, want ErrConflict", runs, err)
				}
			}
		})
		if runs != 2 {
			t.Errorf("it ran %d times, want 2", runs)
		}
		b.wants(t, "", 11, 1)
	})
}

// The application has its own way to run a transaction again, by what the driver
// says of it.
func TestTransactions_WhatTheDriverSaysOfASerializationFailureReachesTheCaller(t *testing.T) {
	for _, name := range []string{"pgx", "pq"} {
		t.Run(name, func(t *testing.T) {
			c := driverByName(name)
			s := newShop(t, c, shopPool(t, c))
			err := s.overtaken(t, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
			if code := sqlState(err); code != "40001" || !errors.Is(err, session.ErrConflict) {
				t.Errorf("got %v of SQLSTATE %q, want ErrConflict of 40001", err, code)
			}
		})
	}
	// A deferred transaction that has read, and wants to write when others have.
	t.Run("sqlite", func(t *testing.T) {
		c := driverByName("sqlite")
		s := newShop(t, c, c.open(t))
		err := s.overtaken(t, nil)
		const busySnapshot = 517
		e, ok := errors.AsType[interface {
			error
			Code() int
		}](err)
		if !ok || e.Code() != busySnapshot || !errors.Is(err, session.ErrConflict) {
			t.Errorf("got %v, want ErrConflict of SQLITE_BUSY_SNAPSHOT", err)
		}
	})
}

// overtaken returns what Commit says in a transaction that has its snapshot, when
// another request has changed the session since.
func (s *shop) overtaken(t *testing.T, o *sql.TxOptions) (err error) {
	t.Helper()
	b := &buyer{shop: s}
	b.must(t, func(_ context.Context, s *session.Session) { orderCount.Set(s, 0) })
	b.sends(t, func(ctx context.Context, my *session.Session) int {
		orderCount.Get(my)
		tx, beginErr := s.db.BeginTx(ctx, o)
		check(t, beginErr)
		defer tx.Rollback()
		var n int
		check(t, tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+s.orders).Scan(&n))
		b.copy().must(t, func(_ context.Context, s *session.Session) { orderCount.Set(s, 10) })
		orderCount.Update(my, inc)
		err = my.Commit(sqlstore.WithTx(ctx, tx))
		return http.StatusConflict
	})
	b.wants(t, "", 10, 0)
	return err
}

// Two transactions want the stock and the session in opposite order. The one that
// has changed the session is the victim: of MySQL, since the other has done more.
func TestTransactions_WhatTheDriverSaysOfADeadlockReachesTheCaller(t *testing.T) {
	for _, name := range []string{"pgx", "pq", "mysql"} {
		t.Run(name, func(t *testing.T) {
			c := driverByName(name)
			s := newShop(t, c, shopPool(t, c))
			hasty := "SET LOCAL deadlock_timeout = '10ms'" // who looks for a deadlock first is its victim
			if name == "mysql" {
				hasty = "SELECT 1"
			}
			err := s.deadlock(t, hasty)
			if sqlState(err) != "40P01" && !deadlocked(err) {
				t.Errorf("got %v, want a deadlock", err)
			}
			if !errors.Is(err, session.ErrConflict) {
				t.Errorf("got %v, want ErrConflict", err)
			}
		})
	}
}

// deadlock returns what Commit says when its transaction, which begins with a
// statement, is ended for a deadlock.
func (s *shop) deadlock(t *testing.T, first string) (err error) {
	t.Helper()
	b := &buyer{shop: s}
	b.must(t, func(_ context.Context, s *session.Session) { orderCount.Set(s, 0) })
	stock := newTable()
	for _, text := range []string{"CREATE TABLE %s (number int)", "INSERT INTO %s (number) VALUES (1)"} {
		_, err := s.db.ExecContext(t.Context(), fmt.Sprintf(text, stock))
		check(t, err)
	}
	update := "UPDATE " + stock + " SET number = number + 1"
	b.sends(t, func(ctx context.Context, my *session.Session) int {
		lock := fmt.Sprintf("UPDATE %s SET version = version WHERE id = '%s'", s.sessions, my.ID())
		mine, e := s.begin(ctx, nil)
		check(t, e)
		defer mine.rollback()
		_, e = mine.ExecContext(ctx, first)
		check(t, e)
		_, e = mine.ExecContext(ctx, update)
		check(t, e)
		other, e := s.begin(ctx, nil)
		check(t, e)
		for i := range 20 {
			check(t, s.order(ctx, other, "other", i))
		}
		_, e = other.ExecContext(ctx, lock)
		check(t, e)
		var done sync.WaitGroup
		done.Go(func() {
			defer other.rollback()
			other.ExecContext(ctx, update)
		})
		orderCount.Update(my, inc)
		err = my.Commit(sqlstore.WithTx(ctx, mine.Tx))
		mine.rollback()
		done.Wait()
		return http.StatusConflict
	})
	b.wants(t, "", 0, 0)
	return err
}
