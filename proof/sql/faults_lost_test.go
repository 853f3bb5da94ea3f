package sql_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/internal/sqlserver"
	"github.com/sojourn-go/session/proof/stories/crowd"
	"github.com/sojourn-go/session/store"
)

// proxied lets visitors in by way of a proxy.
func (p *patient) proxied(t *testing.T) (*ward, *sqlserver.Proxy) {
	t.Helper()
	proxy, err := sqlserver.StartProxy(p.Addr())
	check(t, err)
	t.Cleanup(func() { check(t, proxy.Stop()) })
	w := p.letIn(t, proxy.Addr(), session.Options{})
	t.Cleanup(func() { // before the visitors go home: some may wait for ever
		proxy.LoseNone()
		proxy.Cut()
	})
	return w, proxy
}

// A server that cannot be reached any more says nothing, not even that the
// connection is closed. (lib/pq waits for the server to confirm that it has given
// up, and so for ever: requests were never answered.)
func TestFaults_a_call_ends_with_its_context_though_the_server_is_silent(t *testing.T) {
	for _, name := range []string{"pgx", "pgxpool", "pq", "mysql"} {
		t.Run(name, func(t *testing.T) {
			c := driverByName(name)
			proxy := startProxy(t, c)
			st := c.newStore(t, c.connect(t, c.dsn(t, proxy.Addr())))
			t.Cleanup(proxy.Cut) // frees whoever waits
			version, err := st.Save(t.Context(), "id", store.Record{Data: []byte("data")})
			check(t, err)
			_, err = st.Load(t.Context(), "id")
			check(t, err)
			calls := map[string]func(context.Context) error{
				"Load": func(ctx context.Context) error { _, err := st.Load(ctx, "id"); return err },
				"Save": func(ctx context.Context) error {
					_, err := st.Save(ctx, "id", store.Record{Version: version})
					return err
				},
				"Delete": func(ctx context.Context) error { return st.Delete(ctx, "id") },
			}
			proxy.Hold()
			for what, call := range calls {
				ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
				defer cancel()
				done := make(chan error, 1)
				go func() { done <- call(ctx) }()
				select {
				case err := <-done:
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("%s: %v, want %v", what, err, context.DeadlineExceeded)
					}
				case <-time.After(5 * time.Second):
					t.Errorf("%s goes on 4.8 s after its context is done", what)
				}
			}
		})
	}
}

// What was sent is carried out, and the answer lost with the connection. A driver
// that takes that for a bad connection has database/sql send it again.
func lostAnswers(t *testing.T, p *patient) {
	w, proxy := p.proxied(t)
	w.Expect(crowd.Troubled)
	proxy.Lose(9, false)
	w.GoesOn(30)
	proxy.LoseNone()
	if proxy.Lost() < 50 {
		t.Errorf("%d answers were lost, want 50 at least", proxy.Lost())
	}
	w.recovers(t, 10*time.Second)
	w.Closes()
	t.Logf("%d answers were lost", proxy.Lost())
}

// The same, but the connection stays open, and is silent from then on.
func silence(t *testing.T, p *patient) {
	w, proxy := p.proxied(t)
	w.Expect(crowd.Rule{Reads: crowd.Either, Writes: crowd.Either, Most: crowd.Timeout + time.Second})
	proxy.Lose(40, true)
	w.GoesOn(5)
	proxy.LoseNone()
	if proxy.Lost() < 3 {
		t.Errorf("%d answers were lost, want 3 at least", proxy.Lost())
	}
	w.recovers(t, 10*time.Second)
	w.Closes()
	t.Logf("%d answers were lost", proxy.Lost())
}
