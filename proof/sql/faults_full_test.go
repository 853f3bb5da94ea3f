package sql_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/proof/stories/crowd"
)

// The tables are in a tablespace on a small disk. (MariaDB 10.11 itself crashes
// when the disk is full.)
func TestFaults_of_PostgreSQL_without_room(t *testing.T) {
	t.Parallel()
	p := newPatient(t, "pgx")
	disk := p.Dir() + "/disk"
	check(t, os.Mkdir(disk, 0o700))
	smallDisk(t, p, disk)
	p.say(t, both(fmt.Sprintf("CREATE TABLESPACE small LOCATION '%s'", disk), "GRANT CREATE ON TABLESPACE small TO app",
		"ALTER ROLE app SET default_tablespace = small"))
	fillUp(t, p, p.letIn(t, p.Addr(), session.Options{Idle: 10 * time.Second}))
}

// smallDisk mounts one on a directory, for the server's user.
func smallDisk(t *testing.T, p *patient, dir string) {
	t.Helper()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("not run: no small disk can be mounted: %v: %s", err, out)
	}
	t.Cleanup(func() {
		check(t, p.Kill())
		check(t, exec.Command("umount", dir).Run())
	})
	if out, err := exec.Command("chown", "--reference="+p.Dir(), dir).CombinedOutput(); err != nil {
		t.Fatalf("chown: %v: %s", err, out)
	}
}

// fillUp fills what room there is. What needs none of it may be kept; the
// visitors' sessions are used often enough that most pages would note it, and
// what cannot be noted is no reason not to show a page.
func fillUp(t *testing.T, p *patient, w *ward) {
	t.Helper()
	w.Expect(crowd.Rule{Reads: crowd.Good, Writes: crowd.Either})
	app := p.pool(t, p.Addr())
	_, err := app.ExecContext(t.Context(), "CREATE TABLE ballast (data text)")
	check(t, err)
	for n, size := range []int{128 << 10, 4000} {
		for full := false; !full; n++ {
			_, err := app.ExecContext(t.Context(), fmt.Sprintf("INSERT INTO ballast VALUES ('%s')", incompressible(size)))
			if full = err != nil; full && n == 0 {
				t.Fatal(err)
			}
			if n > 5000 {
				t.Fatal("it does not get full")
			}
		}
	}
	w.refusedBy(t, func() {
		deadline := time.Now().Add(20 * time.Second)
		for before := w.Refusals(crowd.Verbs...); w.Refusals(crowd.Verbs...) < before+20 && time.Now().Before(deadline); {
			w.GoesOn(10)
		}
	})
	if text, _ := w.log.since(0); !strings.Contains(text, "store: full") {
		t.Errorf("the log does not say why: %.2000s", text)
	}
	w.Expect(crowd.Troubled)
	_, err = app.ExecContext(t.Context(), "DROP TABLE ballast")
	check(t, err)
	w.recovers(t, 10*time.Second)
	w.Closes()
}

// incompressible returns so many letters.
func incompressible(n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(rand.Text())
	}
	return b.String()[:n]
}
