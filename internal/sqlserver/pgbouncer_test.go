package sqlserver_test

import (
	"testing"

	"github.com/sojourn-go/session/internal/sqlserver"
)

func openBouncer(t *testing.T, s *sqlserver.Server, config ...string) *sqlserver.Bouncer {
	t.Helper()
	b, err := sqlserver.StartPgBouncer(s, config...)
	must(t, err)
	t.Cleanup(func() { must(t, b.Stop()) })
	return b
}

func TestClientsOfPgBouncerShareAConnectionBetweenTransactions(t *testing.T) {
	t.Parallel()
	b := openBouncer(t, products[0].open(t), "default_pool_size = 1")
	one, two := connect(t, b.Server, b.Addr()), connect(t, b.Server, b.Addr())
	one.send("SELECT pg_backend_pid()")
	pid, _ := one.answer()
	two.send("SELECT pg_backend_pid()")
	two.want(pid)
	one.send("BEGIN")
	one.send("SELECT 'begun'")
	one.want("begun")
	two.send("SELECT 'waited'")
	two.wantSilence()
	one.send("COMMIT")
	two.want("waited")
}

func TestPgBouncerFindsAServerThatWasRestarted(t *testing.T) {
	t.Parallel()
	s := products[0].open(t)
	b := openBouncer(t, s, "query_wait_timeout = 1") // else a client waits two minutes for the server
	wantAnswer(t, b.Server, "SELECT 1", "1")
	must(t, s.Kill())
	if got, err := query(t, b.Server, "SELECT 1"); err == nil {
		t.Errorf("without a server: got %q, want an error", got)
	}
	must(t, s.Restart())
	eventually(t, "an answer", func() bool { got, err := query(t, b.Server, "SELECT 1"); return err == nil && got == "1" })
}

func TestPgBouncerCanBeFrozenAndRestarted(t *testing.T) {
	t.Parallel()
	b := openBouncer(t, products[0].open(t))
	c := connect(t, b.Server, b.Addr())
	must(t, b.Freeze())
	c.send("SELECT 'late'")
	c.wantSilence()
	must(t, b.Thaw())
	c.want("late")
	must(t, b.Restart())
	wantAnswer(t, b.Server, "SELECT 1", "1")
}

func TestPgBouncerStandsBeforePostgreSQLOnly(t *testing.T) {
	t.Parallel()
	if _, err := sqlserver.StartPgBouncer(products[1].open(t)); err == nil {
		t.Error("before MariaDB: got no error")
	}
}
