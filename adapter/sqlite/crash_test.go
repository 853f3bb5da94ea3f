package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session/adapter/sqlite"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

func init() { roles["write"] = write }

// write counts up records, as many as it can, until it is killed. It prints each
// number once the store has acknowledged it.
func write(args []string) error {
	st, err := sqlite.Open(args[0], sqlstore.Options{})
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		all.Go(func() { errs[i] = countUp(st, fmt.Sprint("record", i)) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func countUp(st store.Store, id string) error {
	for {
		ctx := context.Background()
		rec, err := st.Load(ctx, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		n, _ := strconv.Atoi(string(rec.Data))
		rec.Data = []byte(strconv.Itoa(n + 1))
		if _, err := st.Save(ctx, id, rec); err != nil {
			return err
		}
		fmt.Println(id, n+1) // one write to the pipe
	}
}

func TestWhatWasAcknowledgedIsThereAfterAKill(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"first line", "second line"} { // two at once: half the time
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			path, acknowledged := newPath(t), map[string]int{}
			for range 25 {
				killUnderLoad(t, path, acknowledged)
				checkAfterKill(t, path, acknowledged)
			}
		})
	}
}

// killUnderLoad kills a process after 200 ms of writing, and notes what it had
// been told to be kept.
func killUnderLoad(t *testing.T, path string, acknowledged map[string]int) {
	t.Helper()
	p := begin(t, "write", path)
	note := func(line string) {
		id, n, _ := strings.Cut(line, " ")
		number, err := strconv.Atoi(n)
		must(t, err)
		acknowledged[id] = max(acknowledged[id], number)
	}
	note(p.line())
	killer := time.AfterFunc(200*time.Millisecond, func() { _ = p.cmd.Process.Kill() })
	defer killer.Stop()
	for p.lines.Scan() {
		note(p.lines.Text())
	}
	if err := p.cmd.Wait(); err == nil || p.errs.Len() > 0 {
		t.Fatalf("it came to its end by itself: %v\n%s", err, p.errs.String())
	}
}

func checkAfterKill(t *testing.T, path string, acknowledged map[string]int) {
	t.Helper()
	st, err := sqlite.Open(path, sqlstore.Options{})
	must(t, err)
	for id, least := range acknowledged {
		rec, err := st.Load(t.Context(), id)
		n, _ := strconv.Atoi(string(rec.Data))
		if err != nil || n < least || n > least+1 { // one may have been under way
			t.Errorf("%s: got %q, error %v; %d was acknowledged", id, rec.Data, err, least)
		}
	}
	var verdict string
	if err := st.DB().QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity_check: %q, %v", verdict, err)
	}
	must(t, st.Close())
}
