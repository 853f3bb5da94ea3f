package boltstore_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session/adapter/boltstore"
	"github.com/sojourn-go/session/store"
)

const writers = 32

// writeUntilKilled creates, changes and deletes records. Before each write it
// prints "~ id", and after it "= id version", with version 0 for none.
func writeUntilKilled(path string) {
	st, err := boltstore.Open(path, boltstore.Options{})
	if err != nil {
		fmt.Println("!", err)
		return
	}
	say := func(format string, args ...any) { os.Stdout.Write(fmt.Appendf(nil, format+"\n", args...)) } // whole, or not at all
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("%d-%d-%d", os.Getpid(), w, n)
				rec := store.Record{Data: make([]byte, 200+n%300), Owner: "ann"}
				for step := range n%3 + 1 {
					say("~ %s", id)
					var err error
					if step == 2 {
						rec.Version, err = 0, st.Delete(context.Background(), id)
					} else {
						rec.Version, err = st.Save(context.Background(), id, rec)
					}
					if err != nil {
						say("! %v", err)
						return
					}
					say("= %s %d", id, rec.Version)
				}
			}
		})
	}
	wg.Wait()
}

// A known is what a process has said of a record: the state that is safe, and
// whether it was just writing another one.
type known struct {
	version uint64
	acked   bool
	writing bool
}

func TestNoAcknowledgedWriteIsLostWhenTheProcessIsKilled(t *testing.T) {
	const rounds = 50
	path := file(t)
	acked := 0
	for round := range rounds {
		records := killUnderLoad(t, path)
		if t.Failed() {
			return
		}
		acked += compare(t, path, records)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	if acked < rounds*writers {
		t.Errorf("in %d rounds: got %d writes acknowledged, want load", rounds, acked)
	}
}

// killUnderLoad returns what a process said that was killed.
func killUnderLoad(t *testing.T, path string) map[string]known {
	t.Helper()
	cmd := child(t, "load", path)
	out, err := cmd.StdoutPipe()
	must(t, err)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	must(t, cmd.Start())
	records := map[string]known{}
	var end *time.Timer
	lines(bufio.NewReaderSize(out, 1<<20), func(line []byte) {
		f := strings.Fields(string(line))
		switch f[0] {
		case "~":
			k := records[f[1]]
			k.writing = true
			records[f[1]] = k
		case "=":
			version, err := strconv.ParseUint(f[2], 10, 64)
			must(t, err)
			records[f[1]] = known{version: version, acked: true}
		default:
			t.Errorf("the process: %s", line)
		}
		if end == nil && f[0] == "=" {
			end = time.AfterFunc(200*time.Millisecond, func() { cmd.Process.Kill() }) // SIGKILL, as long as it is there
		}
	})
	if cmd.Wait(); complaints.Len() > 0 {
		t.Errorf("the process complained:\n%s", &complaints)
	}
	return records
}

// compare wants everything to be there that was acknowledged, and a sound file.
// It returns how much it was.
func compare(t *testing.T, path string, records map[string]known) (acked int) {
	t.Helper()
	st, err := boltstore.Open(path, boltstore.Options{})
	must(t, err)
	defer st.Close()
	for id, k := range records {
		if !k.acked {
			continue
		}
		acked++
		rec, err := st.Load(t.Context(), id)
		if err != nil && err != store.ErrNotFound {
			t.Errorf("%s: %v", id, err)
		}
		if rec.Version != k.version && !k.writing {
			t.Errorf("%s: got version %d, want %d, which was acknowledged", id, rec.Version, k.version)
		}
	}
	if err := st.Check(t.Context()); err != nil {
		t.Error(err)
	}
	return acked
}
