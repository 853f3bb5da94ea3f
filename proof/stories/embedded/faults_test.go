package embedded_test

import (
	"database/sql"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/adapter/sqlite"
	"github.com/sojourn-go/session/proof/stories/crowd"
	"github.com/sojourn-go/session/store"
)

// patience is Options.Timeout of the nodes here. A disk that others keep busy may
// take longer for one sync than the crowd's own second; then 503 is the right
// answer, and says nothing of the store.
const patience = 3 * time.Second

// letIn lets visitors in to two nodes upon one file.
func letIn(t *testing.T, way string, o session.Options) (*crowd.Crowd, []store.Store, string) {
	t.Helper()
	o.Timeout = patience
	path := newPath(t)
	stores := []store.Store{open(t, way, path)}
	if way == "bolt" {
		stores = append(stores, stores[0])
	} else {
		stores = append(stores, open(t, way, path))
	}
	return crowd.New(t, stores, o), stores, path
}

// So no answer depends on trouble: this is what the others are measured by.
func TestFaults_none_and_so_nobody_is_refused(t *testing.T) {
	for way := range ways {
		t.Run(way, func(t *testing.T) {
			c, _, _ := letIn(t, way, session.Options{})
			c.GoesOn(40)
			c.Closes()
		})
	}
}

// Somebody else has the file locked for longer than a request waits: pages are
// shown meanwhile, and what would be written is answered in time.
func TestFaults_a_SQLite_file_that_is_locked_shows_pages(t *testing.T) {
	c, stores, _ := letIn(t, "sqlite", session.Options{})
	// A login under way is undone, and has its time for that, twice.
	c.Expect(crowd.Rule{Reads: crowd.Good, Writes: crowd.Either, Most: 3*patience + time.Second})
	tx, err := stores[0].(*sqlite.Store).DB().BeginTx(t.Context(), nil)
	check(t, err)
	_, err = tx.ExecContext(t.Context(), "CREATE TABLE anything (id int)") // takes the lock
	check(t, err)
	c.GoesOn(1)
	c.Expect(crowd.Rule{Reads: crowd.Good, Writes: crowd.Refused, Most: patience + time.Second})
	c.GoesOn(2)
	c.Expect(crowd.Rule{Reads: crowd.Good, Writes: crowd.Either})
	check(t, tx.Rollback())
	t.Logf("all was well after %v", c.Recovers(3*time.Second))
	c.Closes()
}

func TestFaults_a_table_of_SQLite_that_is_gone_is_named(t *testing.T) {
	var log notes
	c, _, path := letIn(t, "sqlite", session.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)")
	check(t, err)
	defer db.Close()
	c.Expect(crowd.Troubled)
	_, err = db.ExecContext(t.Context(), "ALTER TABLE sojourn_sessions RENAME TO away")
	check(t, err)
	c.GoesOn(1)
	c.Expect(crowd.Rule{Reads: crowd.Refused, Writes: crowd.Refused})
	c.GoesOn(5)
	if !strings.Contains(log.String(), "no such table: sojourn_sessions") {
		t.Errorf("the log does not name the table: %.2000s", log.String())
	}
	c.Expect(crowd.Troubled)
	_, err = db.ExecContext(t.Context(), "ALTER TABLE away RENAME TO sojourn_sessions")
	check(t, err)
	t.Logf("all was well after %v", c.Recovers(3*time.Second))
	c.Closes()
}

// A file that is opened again has everything that was answered 200.
func TestFaults_a_store_that_is_closed_makes_nobody_anonymous(t *testing.T) {
	for way := range ways {
		t.Run(way, func(t *testing.T) {
			c, stores, path := letIn(t, way, session.Options{})
			c.Expect(crowd.Troubled)
			for _, st := range stores {
				check(t, st.(interface{ Close() error }).Close())
			}
			c.GoesOn(1)
			c.Expect(crowd.Rule{Reads: crowd.Refused, Writes: crowd.Refused, Most: patience + time.Second})
			c.GoesOn(2)
			c.Expect(crowd.Troubled)
			end := c.Silence()
			again := open(t, way, path)
			for i := range c.Nodes {
				c.Nodes[i] = crowd.NewNode(t, again, session.Options{Timeout: patience})
			}
			end()
			t.Logf("all was well after %v", c.Recovers(3*time.Second))
			c.Closes()
		})
	}
}

// notes are a log.
type notes struct {
	mu   sync.Mutex
	text strings.Builder
}

func (n *notes) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(b)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}
