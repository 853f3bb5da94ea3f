package sql_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store/sqlstore"
)

// retriable reports whether the transaction is to be run again: the session says
// so, or PostgreSQL, which may find out at the end of a transaction, or MySQL of
// the order.
func retriable(err error) bool {
	state := sqlState(err)
	return errors.Is(err, session.ErrConflict) || state == "40001" || state == "40P01" || deadlocked(err)
}

// buy makes an order, and counts it in the session, in one transaction that runs
// until it is kept.
func (s *shop) buy(ctx context.Context, my *session.Session, o *sql.TxOptions, number int) error {
	for {
		err := s.try(ctx, my, o, number)
		if err == nil || !retriable(err) || ctx.Err() != nil {
			return err
		}
	}
}

func (s *shop) try(ctx context.Context, my *session.Session, o *sql.TxOptions, number int) error {
	tx, err := s.begin(ctx, o)
	if err != nil {
		return err
	}
	defer tx.rollback()
	if err := s.order(ctx, tx, "ann", number); err != nil {
		return err
	}
	orderCount.Update(my, inc)
	if err := my.Commit(sqlstore.WithTx(ctx, tx.Tx)); err != nil {
		return err
	}
	return tx.commit()
}

// Several tabs order at once, and one changes the session without a transaction.
// Who is overtaken by many others between the end of the transaction and the
// answer cannot find its own commit any more, and is told so: that is the only
// answer there may be besides 200.
func TestTransactions_ThereAreAsManyOrdersAsTheSessionCounts(t *testing.T) {
	for name, o := range map[string]*sql.TxOptions{"default": nil, "serializable": {Isolation: sql.LevelSerializable}} {
		t.Run(name, func(t *testing.T) {
			eachShop(t, func(t *testing.T, s *shop) { s.orderAtOnce(t, o) })
		})
	}
}

func (s *shop) orderAtOnce(t *testing.T, o *sql.TxOptions) {
	const tabs, each = 3, 10
	other := session.NewKey[int]("other")
	b := &buyer{shop: s}
	b.must(t, func(_ context.Context, s *session.Session) { s.Login("ann") })
	var wg sync.WaitGroup
	var unknown atomic.Int64
	for tab := range tabs {
		wg.Go(func() {
			for i := range each {
				res := b.copy().sends(t, func(ctx context.Context, my *session.Session) int {
					my.Owner()
					if err := s.buy(ctx, my, o, tab*each+i); err != nil {
						t.Errorf("tab %d, order %d: %v", tab, i, err)
					}
					return 0
				})
				switch why := res.Header.Get("X-Why"); {
				case res.StatusCode == http.StatusServiceUnavailable && why == session.ErrUnknown.Error():
					unknown.Add(1)
				case res.StatusCode != http.StatusOK:
					t.Errorf("tab %d, order %d: answered %s, %s", tab, i, res.Status, why)
				}
			}
		})
	}
	wg.Go(func() {
		for range each {
			b.copy().sends(t, func(_ context.Context, s *session.Session) int { other.Update(s, inc); return 0 })
		}
	})
	wg.Wait()
	t.Logf("%d of %d answers said that the outcome is not known", unknown.Load(), tabs*each)
	b.wants(t, "ann", tabs*each, tabs*each)
	b.must(t, func(_ context.Context, s *session.Session) {
		if n := other.Get(s); n != each {
			t.Errorf("the other counter is %d, want %d", n, each)
		}
	})
}

func TestTransactions_APasswordAndTheEndOfAllSessionsChangeTogether(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		first, second := &buyer{shop: s}, &buyer{shop: s}
		for _, b := range []*buyer{first, second} {
			b.must(t, func(_ context.Context, s *session.Session) { s.Login("ann") })
		}
		for _, kept := range []bool{false, true} {
			tx, err := s.begin(t.Context(), nil)
			check(t, err)
			check(t, s.order(t.Context(), tx, "password", 1))
			n, err := s.EndAll(sqlstore.WithTx(t.Context(), tx.Tx), "ann")
			check(t, err)
			if n != 2 {
				t.Errorf("EndAll ended %d sessions, want 2", n)
			}
			end, owner, passwords := tx.rollback, "ann", 0
			if kept {
				end, owner, passwords = tx.commit, "", 1
			}
			check(t, end())
			first.copy().wants(t, owner, 0, passwords)
			second.copy().wants(t, owner, 0, passwords)
		}
	})
}

// What a handler leaves open is not kept: a page may say so, and brings no
// cookie.
func TestTransactions_OneThatIsLeftOpenAtTheFirstByteHasNotBeen(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		b := &buyer{shop: s}
		if res := b.leavesOpen(t); len(res.Cookies()) > 0 || res.StatusCode != http.StatusOK {
			t.Errorf("answered %s with %v, want 200 and no cookie", res.Status, res.Cookies())
		}
		if n := s.seen(session.RolledBack); n != 1 {
			t.Errorf("%d events rolled-back, want 1", n)
		}
		if n := s.seen(session.LoggedIn); n != 0 {
			t.Errorf("%d events logged-in, want 0", n)
		}
		b.wants(t, "", 0, 0)
	})
}

// If it has the only connection, nobody can tell what became of it.
func TestTransactions_OneThatIsLeftOpenWithTheOnlyConnectionIsNoPage(t *testing.T) {
	for _, name := range []string{"pgx", "sqlite"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := driverByName(name)
			b := &buyer{shop: newShop(t, c, shopPool(t, c))}
			b.db.SetMaxOpenConns(1)
			res := b.leavesOpen(t)
			if len(res.Cookies()) > 0 || res.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("answered %s with %v, want 503 and no cookie", res.Status, res.Cookies())
			}
			b.wants(t, "", 0, 0)
		})
	}
}

// leavesOpen signs in within a transaction that ends after the answer.
func (b *buyer) leavesOpen(t *testing.T) *http.Response {
	t.Helper()
	var open *txn
	res := b.sends(t, func(ctx context.Context, my *session.Session) int {
		tx, err := b.begin(context.WithoutCancel(ctx), nil)
		check(t, err)
		open = tx
		check(t, b.order(ctx, tx, "ann", 1))
		my.Login("ann")
		check(t, my.Commit(sqlstore.WithTx(ctx, tx.Tx)))
		return 0
	})
	check(t, open.rollback())
	return res
}

func TestTransactions_OnAPoolOfOneConnection(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.db.SetMaxOpenConns(1)
		b := &buyer{shop: s}
		b.must(t, func(_ context.Context, s *session.Session) { s.Login("ann") })
		for i := range 4 {
			begun := time.Now()
			b.must(t, func(ctx context.Context, my *session.Session) {
				if i%2 == 0 {
					my.Owner() // before the transaction begins
				}
				check(t, s.buy(ctx, my, nil, i))
			})
			if took := time.Since(begun); took > shopTimeout-time.Second { // who waits for it, waits for as long as that
				t.Errorf("it took %v", took)
			}
		}
		b.wants(t, "ann", 4, 4)
	})
}

// On SQLite a transaction of the application has the lock of the file. Others
// wait for it.
func TestTransactions_OfSQLiteAreWaitedForByOtherRequests(t *testing.T) {
	c := driverByName("sqlite")
	s := newShop(t, c, shopPool(t, c))
	b := &buyer{shop: s}
	b.must(t, func(_ context.Context, s *session.Session) { s.Login("ann") })
	others := make([]*buyer, 8)
	for i := range others {
		others[i] = &buyer{shop: s}
		others[i].must(t, func(_ context.Context, s *session.Session) { orderCount.Set(s, 0) })
	}
	var wg sync.WaitGroup
	b.must(t, func(ctx context.Context, my *session.Session) {
		my.Owner()
		tx, err := s.begin(ctx, nil)
		check(t, err)
		defer tx.rollback()
		check(t, s.order(ctx, tx, "ann", 1))
		waiting := make(chan struct{}, len(others))
		for _, other := range others {
			wg.Go(func() {
				other.must(t, func(_ context.Context, s *session.Session) {
					orderCount.Update(s, inc)
					waiting <- struct{}{}
				})
			})
		}
		for range others {
			<-waiting
		}
		orderCount.Update(my, inc)
		check(t, my.Commit(sqlstore.WithTx(ctx, tx.Tx)))
		check(t, tx.commit())
	})
	wg.Wait()
	b.wants(t, "ann", 1, 1)
	for _, other := range others {
		if _, n := other.sees(t); n != 1 {
			t.Errorf("another session counts %d, want 1", n)
		}
	}
}
