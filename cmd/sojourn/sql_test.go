package main

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/sojourn-go/session/internal/sqlserver"
)

// A database is one that tests start.
type database struct {
	word, variable, where string
	start                 func(config ...string) (*sqlserver.Server, error)
	wrongPassword         string // what the server says to that
}

var databases = []database{
	{"postgres", postgresVariable, "PostgreSQL", sqlserver.StartPostgres, "password authentication failed"},
	{"mysql", mysqlVariable, "MySQL or MariaDB", sqlserver.StartMariaDB, "Access denied"},
}

// forEachDatabase runs a test on each, at once.
func forEachDatabase(t *testing.T, test func(*testing.T, database, *sqlserver.Server)) {
	t.Parallel()
	for _, b := range databases {
		t.Run(b.word, func(t *testing.T) {
			t.Parallel()
			test(t, b, must[*sqlserver.Server](t)(b.start()))
		})
	}
}

// closedAddr is where nobody listens.
func closedAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	return ln.Addr().String()
}

// withPassword is the URL with another password.
func withPassword(t *testing.T, address, password string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String()
}

func TestSQL_TwoDemosShareASessionAndARestartLosesNone(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, b database, s *sqlserver.Server) {
		share(t, b.where, "-store", s.URL())
	})
}

// A password is neither in the list of processes nor said, not even where it is
// the wrong one.
func TestSQL_ThePasswordIsNowhereToBeSeen(t *testing.T) {
	for _, b := range databases {
		t.Run(b.word, func(t *testing.T) {
			s := must[*sqlserver.Server](t)(b.start())
			t.Setenv(b.variable, s.URL())
			d := start(t, "-store", b.word)
			newVisitor(t, d.url).get("/").want(t, 200, counted(1))
			if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", d.cmd.Process.Pid)); err == nil && strings.Contains(string(line), s.Password()) {
				t.Errorf("whoever lists processes sees %q", line)
			}
			d.stop(syscall.SIGTERM)
			at := fmt.Sprintf("at=%s://%s@%s/%s\n", b.word, s.User(), s.Addr(), s.Database())
			if log := d.stderr.String(); strings.Contains(log, s.Password()) || !strings.Contains(log, at) {
				t.Errorf("no %q in the log, or the password:\n%s", at, log)
			}

			wrong := withPassword(t, s.URL(), "hunter2")
			for _, store := range []string{b.word, wrong} {
				t.Setenv(b.variable, wrong)
				code, stdout, stderr := execute(t, "demo", "-addr", "127.0.0.1:0", "-store", store)
				if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, b.wrongPassword) || strings.Contains(stderr, "hunter2") {
					t.Errorf("the wrong password: exit code %d, standard output %q, standard error %q", code, stdout, stderr)
				}
			}
		})
	}
}

func TestSQL_AServerThatIsDownAtTheStartIsAFailure(t *testing.T) {
	t.Parallel()
	for _, b := range databases {
		addr := closedAddr(t)
		code, stdout, stderr := execute(t, "demo", "-addr", "127.0.0.1:0", "-store", b.word+"://ann:hunter2@"+addr+"/sessions")
		want := fmt.Sprintf("sojourn demo: the sessions cannot be kept in %s://ann@%s/sessions: ", b.word, addr)
		if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, want) || !strings.Contains(stderr, "connection refused") || strings.Contains(stderr, "hunter2") {
			t.Errorf("%s: exit code %d, standard output %q, standard error %q, want %q", b.word, code, stdout, stderr, want)
		}
	}
}

func TestSQL_AServerThatGoesAwayIsOutOfReachUntilItIsBack(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, _ database, s *sqlserver.Server) {
		d := start(t, "-store", s.URL())
		d.errs = true // of the time without a server
		v := newVisitor(t, d.url)
		v.get("/").want(t, 200, counted(1))
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
		v.get("/").want(t, 503, "Out of reach")
		v.get("/cookies").want(t, 200) // which needs no session
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
		recovered(t, v)
		d.stop(syscall.SIGTERM)
		if log := d.stderr.String(); strings.Contains(log, s.Password()) || strings.Contains(log, "[mysql]") {
			t.Errorf("the log has the password, or lines that are none of its own:\n%s", log)
		}
	})
}

func TestSQL_WrongUsageIsSaidBeforeConnectingAndWithoutAPassword(t *testing.T) {
	for _, c := range []struct{ store, variable, want string }{
		{"postgres", "", "-store postgres: $SOJOURN_POSTGRES has to hold the address, such as postgres://"},
		{"mysql", "", "-store mysql: $SOJOURN_MYSQL has to hold the address, such as mysql://"},
		{"postgres", "hunter2", "$SOJOURN_POSTGRES: it is no address such as postgres://"},
		{"postgres", "mysql://ann:hunter2@h/d", "$SOJOURN_POSTGRES: it is no address such as postgres://"},
		{"mysql", "ann:hunter2@tcp(h)/d", "$SOJOURN_MYSQL: it is no address such as mysql://"},
		{"mysql", "postgres://ann:hunter2@h/d", "$SOJOURN_MYSQL: it is no address such as mysql://"},

		{"postgres://ann:hunter2@h:hunter2/d", "", "-store: it is no address such as"},
		{"postgresql://ann:hunter2@h/d?connect_timeout=hunter2", "", "invalid connect_timeout"},
		{"postgres://ann:hunter2@h/d?sslmode=hunter2", "", "failed to configure TLS"},
		{"postgres://ann:hunter2%zz@h/d", "", "-store: it is no address such as"},
		{"postgres://ann:hunter2/hunter2@h/d", "", "-store: it is no address such as"},
		{"postgres://ann:hunter2`: hunter2@h:x/d", "", "-store: it is no address such as"},

		{"postgres://ann:1/hunter2@127.0.0.1/d", "", "-store: there is an @ after the first /"},
		{"postgres://ann:1?hunter2@127.0.0.1/d", "", "-store: "},
		{"postgres", "postgres://ann:1/d?application_name=hunter2@127.0.0.1", "$SOJOURN_POSTGRES: there is an @ after the first /"},
		{"host=127.0.0.1 user=ann password=hunter2 dbname=d", "", "there is no store something with an address in it, which is not shown here"},
		{"password=hunter2", "", "there is no store something with an address"},

		{"mysql://ann:1/hunter2@127.0.0.1", "", "-store: there is an @ after the first /"},
		{"mysql://ann:1/d?hunter2@127.0.0.1", "", "-store: there is an @ after the first /"},
		{"mysql://ann:1/d#hunter2@127.0.0.1", "", "-store: there is an @ after the first /"},
		{"mysql:ann:hunter2", "", "there is no store something with an address"},
		{"mysql://ann:hunter2@h:hunter2/d", "", "-store: it is no address such as mysql://"},
		{"mysql://ann:hunter2%zz@h/d", "", "-store: it is no address such as mysql://"},
		{"mysql://ann:hunter2/hunter2@h/d", "", "-store: it is no address such as mysql://"},
		{"mysql://ann:hunter2@/d", "", "-store: there is no host"},
		{"mysql://ann:hunter2@h:99999/d", "", "-store: the port is a number from 1 to 65535"},
		{"mysql://ann:hunter2@a:1,b:2/d", "", "-store: it names several hosts"},
		{"mysql://ann:hunter2@h", "", "-store: there is no database"},
		{"mysql://ann:hunter2@h/d/hunter2", "", "-store: after the name of the database there is another /"},
		{"mysql://ann:hunter2@h/d#hunter2", "", "-store: there is a # in it"},
		{"mysql://ann:hunter2@h/d?tls=hunter2", "", "-store: its options: invalid value / unknown config name"},
		{"mysql://ann:hunter2@h/d?parseTime=hunter2", "", "-store: its options: invalid bool value"},
	} {
		t.Setenv(postgresVariable, c.variable)
		t.Setenv(mysqlVariable, c.variable)
		code, stdout, stderr := execute(t, "demo", "-idle", "5us", "-store", c.store)
		if code != 2 || stdout != "" || strings.Contains(stderr, "hunter2") {
			t.Errorf("%s: exit code %d, want 2; standard output %q, want none; standard error %q", c.store, code, stdout, stderr)
		}
		for _, text := range []string{c.want, "Idle is 5µs"} {
			if !strings.Contains(stderr, text) {
				t.Errorf("%s %s: no %q in\n%s", c.store, c.variable, text, stderr)
			}
		}
	}
}

func TestMySQL_AnAddressIsTurnedIntoWhatTheDriverTakes(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"mysql://ann:pw@h/shop":                                       "ann:pw@tcp(h:3306)/shop",
		"MySQL://ann:pw@h:1/shop":                                     "ann:pw@tcp(h:1)/shop",
		"mysql://ann:%40%2F%3A%25%23@[::1]/shop":                      "ann:@/:%#@tcp([::1]:3306)/shop",
		"mysql://h/a%2Fb":                                             "tcp(h:3306)/a%2Fb",
		"mysql://ann@h/shop?tls=skip-verify&loc=Europe/Berlin":        "ann@tcp(h:3306)/shop?loc=Europe%2FBerlin&tls=skip-verify",
		"mysql://ann@h/shop?charset=utf8mb4,utf8&sql_mode=%27ANSI%27": "ann@tcp(h:3306)/shop?charset=utf8mb4,utf8&sql_mode=%27ANSI%27",
	} {
		d := demoFlags{store: address}
		c, at, err := d.mysql()
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		got := c.FormatDSN()
		for _, param := range strings.FieldsFunc(want[strings.Index(want, ")"):], func(r rune) bool { return strings.ContainsRune("?&", r) }) {
			if !strings.Contains(got, param) {
				t.Errorf("%s: no %s in %s", address, param, got)
			}
		}
		if host, _, _ := strings.Cut(want, ")"); !strings.HasPrefix(got, host+")") || strings.Contains(at, "pw") {
			t.Errorf("%s: got %s, shown as %s; want %s", address, got, at, want)
		}
	}
	d := demoFlags{store: "mysql://ann@db.example/shop?tls=true"}
	if c, _, err := d.mysql(); err != nil || c.TLS == nil || c.TLS.ServerName != "db.example" {
		t.Errorf("with TLS: %v, error %v; want the name of the server checked", c, err)
	}
}

func TestSQL_NoPasswordIsSaidThatStandsWhereNoneBelongs(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"password=hunter2", "mysql:ann:hunter2", "ann:hunter2@tcp(h)/d", "postgres://ann:hunter2@h/d", "host=h password=hunter2"} {
		for _, args := range [][]string{{word}, {"demo", word}, {"help", word}, {"help", "demo", word}, {"version", word}, {"keygen", word}} {
			code, stdout, stderr := execute(t, args...)
			if code != 2 || stdout != "" || strings.Contains(stderr, "hunter2") || !strings.Contains(stderr, "not shown here") {
				t.Errorf("%q: exit code %d, standard output %q, standard error %q", args, code, stdout, stderr)
			}
		}
	}
}
