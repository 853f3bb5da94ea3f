package sql_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/proof/stories/crowd"
	"github.com/sojourn-go/session/store/sqlstore"
)

// What happens to a server, one after the other. Each time it is two nodes, and
// a crowd of visitors; see package crowd for what holds of their answers.
var faults = []struct {
	name string
	tell func(*testing.T, *patient)
}{
	{"what was answered survives a crash", crash},
	{"a transaction that a crash interrupts leaves nothing", crashInTransaction},
	{"connections that the server closes lose nothing", closedConnections},
	{"a lost answer is no second update", lostAnswers},
	{"an answer that never comes is no second update", silence},
	{"an application that holds all connections is waited for no longer than the time-out", exhaustedPool},
	{"a server without room for a connection is no reason for an anonymous page", tooManyConnections},
	{"a statement that takes too long is given up", statementTimeout},
	{"a read-only server shows pages and keeps nothing", readOnly},
	{"a table that is gone is named, and is back when it is back", missingTable},
	{"a column that is gone is named, and is back when it is back", missingColumn},
	{"a column that is added is nobody's trouble", addedColumn},
	{"a password that is wrong makes nobody anonymous", wrongPassword},
	{"everything is serializable", serializable},
	{"deadlocks of an application with session rows are waited for", deadlocks},
}

func TestFaults_of_PostgreSQL(t *testing.T) {
	t.Parallel()
	sicken(t, newPostgres(t, "pgx"))
}

func TestFaults_of_PostgreSQL_over_another_driver(t *testing.T) {
	if !long() {
		t.Skip("not run: SOJOURN_LONG is not set")
	}
	t.Parallel()
	sicken(t, newPostgres(t, "pq"))
}

func TestFaults_of_MariaDB(t *testing.T) {
	t.Parallel()
	sicken(t, newPatient(t, "mysql"))
}

func newPostgres(t *testing.T, name string) *patient {
	t.Helper()
	return newPatient(t, name, "deadlock_timeout = 50ms", "max_prepared_transactions = 1")
}

func sicken(t *testing.T, p *patient) {
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) { fault.tell(t, p) })
	}
	if !p.isMySQL() {
		t.Run("a commit that is slow is waited for", func(t *testing.T) { slowCommit(t, p) })
	}
}

func crash(t *testing.T, p *patient) {
	w := p.letIn(t, p.Addr(), session.Options{})
	rounds := 1
	if long() {
		rounds = 5
	}
	for range rounds {
		w.Expect(crowd.Troubled)
		w.refusedBy(t, func() {
			check(t, p.Kill())
			w.GoesOn(1)
		})
		check(t, p.Restart())
		w.recovers(t, 10*time.Second)
	}
	w.Closes()
}

// The server is killed when the session and an order are in the transaction, and
// the transaction has not ended.
func crashInTransaction(t *testing.T, p *patient) {
	shop := newShop(t, p.driver, p.pool(t, p.Addr()))
	b := &buyer{shop: shop}
	b.must(t, func(_ context.Context, s *session.Session) { s.Login("ann") })
	before := *b.cookie
	res := b.sends(t, func(ctx context.Context, my *session.Session) int {
		tx, err := shop.begin(ctx, nil)
		check(t, err)
		check(t, shop.order(ctx, tx, "bob", 1))
		my.Login("bob")
		check(t, my.Commit(sqlstore.WithTx(ctx, tx.Tx)))
		check(t, p.Kill())
		if tx.commit() == nil {
			t.Error("the transaction was committed without a server")
		}
		return 0
	})
	if res.StatusCode != http.StatusServiceUnavailable || len(res.Cookies()) > 0 {
		t.Errorf("answered %s with %v, want 503 and no cookie", res.Status, res.Cookies())
	}
	check(t, p.Restart())
	b.cookie = &before
	b.wants(t, "ann", 0, 0)
	for _, err := range shop.List(t.Context(), "bob") {
		t.Errorf("bob has a session, error %v", err)
	}
}

func closedConnections(t *testing.T, p *patient) {
	w := p.letIn(t, p.Addr(), session.Options{})
	w.Expect(crowd.Troubled)
	closed := 0
	for range 5 {
		closed += p.hangUp(t)
		w.GoesOn(2)
	}
	if closed < 5 {
		t.Errorf("the server closed %d connections, want 5 at least", closed)
	}
	<-time.After(1100 * time.Millisecond) // of a connection that was idle for a second pgx finds out by itself
	w.recovers(t, 10*time.Second)
	w.Closes()
}

// Whose requests wait for a connection are answered in time. (They had none, so
// nothing was sent.)
func exhaustedPool(t *testing.T, p *patient) {
	w := p.letIn(t, p.Addr(), session.Options{})
	w.Expect(crowd.Troubled)
	var held []*sql.Conn
	for _, db := range w.pools {
		for range mostConnections {
			conn, err := db.Conn(t.Context())
			check(t, err)
			held = append(held, conn)
		}
	}
	w.GoesOn(1) // those that had one
	w.Expect(crowd.Rule{Reads: crowd.Refused, Writes: crowd.Refused, Most: crowd.Timeout + time.Second})
	w.GoesOn(1)
	w.Expect(crowd.Troubled)
	for _, conn := range held {
		check(t, conn.Close())
	}
	w.recovers(t, 10*time.Second)
	w.Closes()
}

// PostgreSQL limits the application's user, MariaDB everybody: so others take
// what there is.
func tooManyConnections(t *testing.T, p *patient) {
	w := p.letIn(t, p.Addr(), session.Options{})
	w.Expect(crowd.Troubled)
	var others []*sql.Conn
	for range 10 {
		conn, err := p.admin.Conn(t.Context())
		check(t, err)
		defer conn.Close()
		others = append(others, conn)
	}
	limit := map[string]string{"postgres": "ALTER ROLE app CONNECTION LIMIT 0", "mysql": "SET GLOBAL max_connections = 10"}
	unlimited := map[string]string{"postgres": "ALTER ROLE app CONNECTION LIMIT -1", "mysql": "SET GLOBAL max_connections = 150"}
	kind := "postgres"
	if p.isMySQL() {
		kind = "mysql"
	}
	ids := p.connections(t)
	_, err := others[0].ExecContext(t.Context(), limit[kind])
	check(t, err)
	for _, id := range ids {
		others[0].ExecContext(t.Context(), p.ending(id)) // it may have gone by itself
	}
	w.GoesOn(1)
	w.Expect(crowd.Rule{Reads: crowd.Refused, Writes: crowd.Refused, Most: crowd.Timeout + time.Second})
	w.GoesOn(1)
	w.Expect(crowd.Troubled)
	_, err = others[0].ExecContext(t.Context(), unlimited[kind])
	check(t, err)
	w.recovers(t, 10*time.Second)
	w.Closes()
}

// A time limit of the server's own: for those who wait for somebody's lock upon
// the table.
func statementTimeout(t *testing.T, p *patient) {
	p.say(t, map[string][]string{
		"postgres": {"ALTER ROLE app SET statement_timeout = '200ms'"},
		"mysql":    {"SET GLOBAL max_statement_time = 0.2"},
	})
	unlimited := func() {
		p.say(t, map[string][]string{
			"postgres": {"ALTER ROLE app RESET statement_timeout"},
			"mysql":    {"SET GLOBAL max_statement_time = 0"},
		})
	}
	defer unlimited() // whatever comes
	w := p.letIn(t, p.Addr(), session.Options{})
	w.Expect(crowd.Troubled)
	conn, err := p.admin.Conn(t.Context())
	check(t, err)
	defer conn.Close()
	texts := []string{"BEGIN", fmt.Sprintf("LOCK TABLE %s IN ACCESS EXCLUSIVE MODE", w.table), "ROLLBACK"}
	if p.isMySQL() {
		texts = []string{"SET max_statement_time = 0", fmt.Sprintf("LOCK TABLES %s WRITE", w.table), "UNLOCK TABLES"}
	}
	for i, text := range texts {
		_, err := conn.ExecContext(t.Context(), text)
		check(t, err)
		if i == 1 {
			w.refusedBy(t, func() { w.GoesOn(4) })
		}
	}
	if text, _ := w.log.since(0); !strings.Contains(text, "statement timeout") && !strings.Contains(text, "max_statement_time") {
		t.Errorf("the log does not say why: %.2000s", text)
	}
	unlimited()
	p.hangUp(t) // it is for the connections to come: those that there are keep their limit
	w.recovers(t, 10*time.Second)
	w.Closes()
}
