package sqlserver_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sojourn-go/session/internal/sqlserver"
)

func TestAServerServesUntilItIsStopped(t *testing.T) {
	forEach(t, func(t *testing.T, p product) {
		s := p.open(t)
		wantAnswer(t, s, "SELECT 40 + 2", "42")
		must(t, s.Stop())
		if conn, err := net.Dial("tcp", s.Addr()); err == nil {
			conn.Close()
			t.Error("a server that was stopped still listens")
		}
		if _, err := os.Stat(s.Dir()); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("its files after Stop: got %v, want none", err)
		}
	})
}

func TestTheAddressesSayHowToLogIn(t *testing.T) {
	t.Parallel()
	s := products[0].open(t)
	want := "postgres://postgres:" + s.Password() + "@a:1/postgres?sslmode=disable"
	if got := s.URLAt("a:1"); got != want || s.DSNAt("a:1") != want || s.DSN() != s.URL() || s.URL() != s.URLAt(s.Addr()) {
		t.Errorf("PostgreSQL: got %q and %q, want %q twice", got, s.DSNAt("a:1"), want)
	}
	m := products[1].open(t)
	if got, want := m.URLAt("a:1"), "mysql://sojourn:"+m.Password()+"@a:1/test"; got != want {
		t.Errorf("the URL of MariaDB: got %q, want %q", got, want)
	}
	if got, want := m.DSN(), "sojourn:"+m.Password()+"@tcp("+m.Addr()+")/test"; got != want {
		t.Errorf("the DSN of MariaDB: got %q, want %q", got, want)
	}
}

// What was tried with a server that does not sync would prove nothing.
func TestAServerSyncsBeforeItAnswers(t *testing.T) {
	forEach(t, func(t *testing.T, p product) {
		s := p.open(t)
		if p.name == "MariaDB" {
			wantAnswer(t, s, "SELECT @@innodb_flush_log_at_trx_commit, @@innodb_doublewrite", "1\t1")
			return
		}
		wantAnswer(t, s, "SELECT string_agg(setting, ' ' ORDER BY name) FROM pg_settings"+
			" WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')", "on on on")
	})
}

func TestLinesOfConfigurationCount(t *testing.T) {
	forEach(t, func(t *testing.T, p product) {
		s := p.open(t, "max_connections = 30", "max_connections = 31")
		sql := "SHOW max_connections"
		if p.name == "MariaDB" {
			sql = "SELECT @@max_connections"
		}
		wantAnswer(t, s, sql, "31")
	})
}

func TestAFaultOfConfigurationIsReportedWithTheLog(t *testing.T) {
	forEach(t, func(t *testing.T, p product) {
		s, err := p.start("there_is_no_such_setting = 1")
		if err == nil {
			s.Stop()
		}
		if errors.Is(err, sqlserver.ErrMissing) {
			t.Skip(err)
		}
		if err == nil || !strings.Contains(err.Error(), "there_is_no_such_setting") {
			t.Errorf("got %v, want an error with the name of the setting", err)
		}
	})
}

func TestAKilledServerKeepsWhatWasCommitted(t *testing.T) {
	forEach(t, func(t *testing.T, p product) {
		s := p.open(t)
		addr, pid := s.Addr(), s.Pid()
		open := connect(t, s, addr)
		open.send("CREATE TABLE kept (a int)")
		open.send("INSERT INTO kept VALUES (7)")
		open.send("BEGIN")
		open.send("INSERT INTO kept VALUES (8)")
		open.send("SELECT count(*) FROM kept")
		open.want("2")
		must(t, s.Kill())
		if got, err := query(t, s, "SELECT 1"); err == nil {
			t.Errorf("a killed server answered %q", got)
		}
		must(t, s.Restart())
		wantAnswer(t, s, "SELECT a FROM kept", "7")
		if s.Addr() != addr || s.Pid() == pid {
			t.Errorf("got %s and process %d, want %s and another process than %d", s.Addr(), s.Pid(), addr, pid)
		}
	})
}

func TestAServerIsRestartedUnderItsClients(t *testing.T) {
	forEach(t, func(t *testing.T, p product) {
		s := p.open(t)
		pid, open := s.Pid(), connect(t, s, s.Addr())
		must(t, s.Restart())
		wantAnswer(t, s, "SELECT 1", "1")
		if s.Pid() == pid {
			t.Errorf("the process: got %d again, want another", pid)
		}
		if p.name == "PostgreSQL" { // the client of MariaDB connects again by itself
			open.send("SELECT 1")
			if got, ok := open.answer(); ok {
				t.Errorf("a connection of before: got %q, want its end", got)
			}
		}
	})
}

func TestAFrozenServerAnswersWhenItIsThawed(t *testing.T) {
	forEach(t, func(t *testing.T, p product) {
		s := p.open(t)
		c := connect(t, s, s.Addr()) // of PostgreSQL a process of its own serves it
		must(t, s.Freeze())
		must(t, s.Freeze())
		c.send("SELECT 'late'")
		c.wantSilence()
		must(t, s.Thaw())
		c.want("late")
		wantAnswer(t, s, "SELECT 1", "1")
	})
}

func TestAFrozenServerCanBeStopped(t *testing.T) {
	forEach(t, func(t *testing.T, p product) {
		s := p.open(t)
		connect(t, s, s.Addr())
		for _, stop := range []func() error{s.Kill, s.Restart} {
			must(t, s.Freeze())
			must(t, stop())
			must(t, s.Restart())
			wantAnswer(t, s, "SELECT 1", "1")
		}
		must(t, s.Freeze())
		must(t, s.Stop())
	})
}

func TestAServerThatDoesNotRunCanBeKilledAndNotFrozen(t *testing.T) {
	forEach(t, func(t *testing.T, p product) {
		s := p.open(t)
		must(t, s.Kill())
		must(t, s.Kill())
		if err := s.Freeze(); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("Freeze: got %v, want os.ErrProcessDone", err)
		}
		if err := s.Thaw(); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("Thaw: got %v, want os.ErrProcessDone", err)
		}
	})
}

func TestRootStartsAServerWhereItsUserCanPass(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not run: only root starts a server as another user")
	}
	barred := filepath.Join(t.TempDir(), "barred")
	must(t, os.Mkdir(barred, 0o700))
	t.Setenv("TMPDIR", barred)
	for _, p := range products {
		t.Run(p.name, func(t *testing.T) {
			s := p.open(t)
			if strings.HasPrefix(s.Dir(), barred) {
				t.Errorf("the directory: got %s, want another place", s.Dir())
			}
		})
	}
	if left, err := os.ReadDir(barred); err != nil || len(left) > 0 {
		t.Errorf("what is left behind: got %v, %v, want nothing", left, err)
	}
}

func TestTheServerCanBeNamed(t *testing.T) {
	t.Run("PostgreSQL", func(t *testing.T) {
		bin, err := query(t, products[0].open(t), "SELECT setting FROM pg_config WHERE name = 'BINDIR'")
		must(t, err)
		t.Setenv(sqlserver.PostgresVariable, bin)
		wantAnswer(t, products[0].open(t), "SELECT 1", "1")
	})
	t.Run("MariaDB", func(t *testing.T) {
		path, err := exec.LookPath("mariadbd")
		if err != nil {
			t.Skip("mariadbd is not in PATH: install the package mariadb-server")
		}
		t.Setenv(sqlserver.MySQLVariable, path)
		wantAnswer(t, products[1].open(t), "SELECT 1", "1")
	})
}

func TestAMissingServerIsReportedWithWhatToInstall(t *testing.T) {
	postgres := products[0].open(t)
	for _, c := range []struct {
		variable, install string
		start             func() error
	}{
		{sqlserver.PostgresVariable, "postgresql", func() error { _, err := sqlserver.StartPostgres(); return err }},
		{sqlserver.MySQLVariable, "mariadb-server", func() error { _, err := sqlserver.StartMariaDB(); return err }},
		{sqlserver.PgBouncerVariable, "pgbouncer", func() error { _, err := sqlserver.StartPgBouncer(postgres); return err }},
	} {
		t.Setenv(c.variable, filepath.Join(t.TempDir(), "none"))
		if err := c.start(); !errors.Is(err, sqlserver.ErrMissing) || !strings.Contains(err.Error(), c.install) {
			t.Errorf("%s names nothing: got %v, want ErrMissing and the name of the package", c.variable, err)
		}
	}
}
