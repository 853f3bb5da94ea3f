package sql_test

import (
	"testing"
	"time"

	"github.com/sojourn-go/session/internal/sqlserver"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// startProxy starts a proxy to the case's server.
func startProxy(t testing.TB, c driverCase) *sqlserver.Proxy {
	t.Helper()
	p, err := sqlserver.StartProxy(c.running(t).Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop() })
	return p
}

func TestConformance_EachCallIsOneRoundTrip(t *testing.T) {
	cases := append(drivers(), driverCase{
		name: "mysql with interpolateParams", server: mysqlServer, connect: opener("mysql", "interpolateParams=true"),
		make: sqlstore.MySQL, direct: true,
	}, driverCase{
		name: "pq with binary_parameters", server: postgresServer, connect: opener("postgres", "binary_parameters=yes"),
		make: sqlstore.Postgres, direct: true,
	})
	for _, c := range cases {
		if c.server == nil {
			continue // there is nobody to go to
		}
		t.Run(c.name, func(t *testing.T) {
			proxy := startProxy(t, c)
			s := c.newStore(t, c.connect(t, c.dsn(t, proxy.Addr())))
			for _, id := range []string{"warm", "measured"} {
				for _, call := range callsOf(t, s, id) {
					proxy.Reset()
					if err := call.do(); err != nil {
						t.Fatalf("%s: %v", call.name, err)
					}
					if n := proxy.Turns(); n != 1 && id == "measured" {
						t.Errorf("%s: got %d round trips, want 1", call.name, n)
					}
				}
			}
		})
	}
}

type namedCall struct {
	name string
	do   func() error
}

// callsOf is what happens to a session from its beginning to its end.
func callsOf(t *testing.T, s *sqlstore.Store, id string) []namedCall {
	rec := store.Record{Data: []byte("data"), Owner: "alice", Expires: time.Now().Add(time.Hour)}
	save := func() (err error) {
		rec.Version, err = s.Save(t.Context(), id, rec)
		return err
	}
	load := func() error {
		_, err := s.Load(t.Context(), id)
		return err
	}
	return []namedCall{
		{"a Save of a new record", save}, {"a Load", load}, {"a Save", save}, {"another Save", save},
		{"a Delete", func() error { return s.Delete(t.Context(), id) }},
	}
}
