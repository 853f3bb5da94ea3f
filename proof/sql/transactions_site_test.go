package sql_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store/sqlstore"
)

// A shop is an application that keeps its orders and its sessions in one
// database.
type shop struct {
	*session.Manager
	db    *sql.DB // of the sessions
	begin func(ctx context.Context, o *sql.TxOptions) (*txn, error)

	orders, sessions string // tables

	mu     sync.Mutex
	events map[session.Kind]int
}

// A txn is a transaction of the shop's.
type txn struct {
	sqlstore.Tx
	commit, rollback func() error
}

var orderCount = session.NewKey[int]("orders")

// shopTimeout is long enough for a disk that others keep busy.
const shopTimeout = 5 * time.Second

// newShop opens a shop in new tables.
func newShop(t *testing.T, c driverCase, db *sql.DB) *shop {
	t.Helper()
	s := &shop{db: db, begin: beginWith(db), orders: newTable(), events: map[session.Kind]int{}}
	_, err := db.ExecContext(t.Context(), "CREATE TABLE "+s.orders+" (buyer varchar(80), number int)")
	check(t, err)
	s.sessions = newTable()
	st := c.store(t, db, sqlstore.Options{Table: s.sessions})
	check(t, st.Create(t.Context()))
	s.Manager, err = session.New(st, session.Options{
		Timeout: shopTimeout, Observe: s.observe, Logger: slog.New(slog.DiscardHandler),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			w.Header().Set("X-Why", err.Error())
			w.WriteHeader(session.StatusCode(err))
		},
	})
	check(t, err)
	return s
}

func beginWith(db *sql.DB) func(context.Context, *sql.TxOptions) (*txn, error) {
	return func(ctx context.Context, o *sql.TxOptions) (*txn, error) {
		tx, err := db.BeginTx(ctx, o)
		if err != nil {
			return nil, err
		}
		return &txn{tx, tx.Commit, tx.Rollback}, nil
	}
}

// A poolTx is a transaction of an application that uses pgx itself.
type poolTx struct{ pgx.Tx }

func (t poolTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	tag, err := t.Exec(ctx, query, args...)
	return driver.RowsAffected(tag.RowsAffected()), err
}

// beginOf is beginWith for a pgxpool.
func beginOf(pool *pgxpool.Pool) func(context.Context, *sql.TxOptions) (*txn, error) {
	return func(ctx context.Context, o *sql.TxOptions) (*txn, error) {
		var p pgx.TxOptions
		if o != nil && o.Isolation == sql.LevelSerializable {
			p.IsoLevel = pgx.Serializable
		}
		tx, err := pool.BeginTx(ctx, p)
		if err != nil {
			return nil, err
		}
		end := func(f func(context.Context) error) func() error {
			return func() error { return f(context.Background()) }
		}
		return &txn{poolTx{tx}, end(tx.Commit), end(tx.Rollback)}, nil
	}
}

// eachShop runs f upon a shop over each way to a database.
func eachShop(t *testing.T, f func(*testing.T, *shop)) {
	for _, name := range []string{"pgx", "pq", "mysql", "sqlite"} {
		t.Run(name, func(t *testing.T) {
			c := driverByName(name)
			f(t, newShop(t, c, shopPool(t, c)))
		})
	}
	t.Run("pgxpool", func(t *testing.T) {
		c := driverByName("pgx")
		s := newShop(t, c, shopPool(t, c))
		pool, err := pgxpool.New(t.Context(), c.dsn(t, ""))
		check(t, err)
		t.Cleanup(pool.Close)
		s.begin = beginOf(pool)
		f(t, s)
	})
}

// shopPool opens a pool. Transactions of SQLite take the lock of the file when
// they begin.
func shopPool(t *testing.T, c driverCase) *sql.DB {
	t.Helper()
	dsn := c.dsn(t, "")
	if c.server == nil {
		dsn = extended(dsn, "_txlock=immediate")
	}
	db := c.connect(t, dsn)
	db.SetMaxOpenConns(mostConnections)
	return db
}

func (s *shop) observe(_ context.Context, e session.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events[e.Kind]++
}

func (s *shop) seen(kind session.Kind) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.events[kind]
}

// order writes an order in a transaction.
func (s *shop) order(ctx context.Context, tx sqlstore.Tx, buyer string, number int) error {
	_, err := tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s (buyer, number) VALUES ('%s', %d)", s.orders, buyer, number))
	return err
}

// ordered returns how many orders there are.
func (s *shop) ordered(t *testing.T) (n int) {
	t.Helper()
	check(t, s.db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+s.orders).Scan(&n))
	return n
}

// A buyer is a browser with a session.
type buyer struct {
	*shop
	cookie *http.Cookie
}

// sends has a request handled by f, which returns the status. It returns the
// answer, whose cookie the buyer takes.
func (b *buyer) sends(t *testing.T, f func(ctx context.Context, s *session.Session) int) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "POST", "https://example.com/", nil)
	if b.cookie != nil {
		r.AddCookie(b.cookie)
	}
	w := httptest.NewRecorder()
	b.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := f(r.Context(), session.From(r.Context())); status != 0 {
			w.WriteHeader(status)
		}
	})).ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if b.cookie = c; c.MaxAge < 0 {
			b.cookie = nil
		}
	}
	return w.Result()
}

// must is sends, of which 200 is wanted.
func (b *buyer) must(t *testing.T, f func(ctx context.Context, s *session.Session)) *http.Response {
	t.Helper()
	res := b.sends(t, func(ctx context.Context, s *session.Session) int { f(ctx, s); return 0 })
	if res.StatusCode != http.StatusOK {
		t.Fatalf("answered %s, want 200", res.Status)
	}
	return res
}

// sees returns what the session says.
func (b *buyer) sees(t *testing.T) (owner string, orders int) {
	t.Helper()
	b.must(t, func(_ context.Context, s *session.Session) { owner, orders = s.Owner(), orderCount.Get(s) })
	return owner, orders
}

// wants checks what the session says, and how many orders there are.
func (b *buyer) wants(t *testing.T, owner string, counted, ordered int) {
	t.Helper()
	o, n := b.sees(t)
	if o != owner || n != counted {
		t.Errorf("the session is of %q and counts %d orders, want %q and %d", o, n, owner, counted)
	}
	if n := b.ordered(t); n != ordered {
		t.Errorf("there are %d orders, want %d", n, ordered)
	}
}

// copy is another tab.
func (b *buyer) copy() *buyer { return &buyer{b.shop, b.cookie} }

func inc(n int) int { return n + 1 }

// sqlState is the code of the error of a PostgreSQL.
func sqlState(err error) string {
	if e, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err); ok {
		return e.SQLState()
	}
	return ""
}

// deadlocked reports whether a MySQL has ended a deadlock at this statement's
// cost.
func deadlocked(err error) bool {
	e, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && e.Number == 1213
}
