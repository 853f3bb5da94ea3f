package sql_test

import (
	"testing"

	"github.com/sojourn-go/session/proof/stories"
	"github.com/sojourn-go/session/store"
)

// The stories of package stories, and its histories, over databases.

func TestStories_of_two_processes_on_one_database(t *testing.T) {
	for _, c := range told() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := place(t, c, "")
			stories.Run(t, stories.Start(t, c.name, [2]string{url, url}))
		})
	}
}

func histories() int {
	if long() {
		return 10_000
	}
	return 300
}

func TestHistories_over_a_database_are_linearizable(t *testing.T) {
	for _, c := range told() {
		t.Run(c.name, func(t *testing.T) {
			url := place(t, c, "")
			_, bad := stories.Tell(t, histories(), func() [2]store.Store { return openTwice(t, c, url) })
			if bad != "" {
				t.Error(bad)
			}
		})
	}
}

// Every few turns the answer is swallowed, whatever it is about, and the
// connection closed. Each driver has its own idea of what may be sent again.
func TestHistories_over_a_database_with_lost_answers(t *testing.T) {
	for _, name := range []string{"pgx", "pq", "mysql"} {
		t.Run(name, func(t *testing.T) {
			c := driverByName(name)
			proxy := startProxy(t, c)
			url := place(t, c, proxy.Addr())
			proxy.Lose(7, false)
			n := histories() / 10
			judged, bad := stories.Tell(t, n, func() [2]store.Store { return openTwice(t, c, url) })
			if bad != "" {
				t.Error(bad)
			}
			if lost := proxy.Lost(); lost < n || judged < int64(n/4) {
				t.Errorf("%d answers were lost, and %d histories of %d judged: this has shown little", lost, judged, n)
			}
			t.Logf("%d answers were lost", proxy.Lost())
		})
	}
}

func TestHistories_over_a_database_show_what_a_store_does_wrong(t *testing.T) {
	c := driverByName("pgx")
	url := place(t, c, "")
	stories.Spoilt(t, func() [2]store.Store { return openTwice(t, c, url) })
}
