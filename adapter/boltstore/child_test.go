package boltstore_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/sojourn-go/session/adapter/boltstore"
	"github.com/sojourn-go/session/store"
)

// childEnv makes this program one of children, on the file that it names.
const childEnv = "BOLTSTORE_CHILD"

var children = map[string]func(path string){
	"open": func(path string) {
		st, err := boltstore.Open(path, boltstore.Options{})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("opened")
		st.Close()
	},
	"load": writeUntilKilled,
	"sync": saveUntilStopped,
}

func TestMain(m *testing.M) {
	if name, path := os.Getenv(childEnv), os.Getenv(childEnv+"_FILE"); name != "" {
		children[name](path)
		return
	}
	os.Exit(m.Run())
}

// child returns the command that is a child, under another one if there is one.
func child(t *testing.T, name, path string, under ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	args := append(under, self)
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), childEnv+"="+name, childEnv+"_FILE="+path, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	return cmd
}

func runChild(t *testing.T, name, path string) []byte {
	t.Helper()
	out, err := child(t, name, path).Output()
	must(t, err)
	return out
}

// saveUntilStopped saves until a Save fails, and says what it meets. Its system
// calls are of one thread, so that they can be counted.
func saveUntilStopped(path string) {
	runtime.LockOSThread()
	st, err := boltstore.Open(path, boltstore.Options{})
	if err != nil {
		fmt.Println("open:", err)
		return
	}
	ctx := context.Background()
	_, err = st.Save(ctx, "a", store.Record{})
	fmt.Println("first:", verdict(err))
	_, err = st.Save(ctx, "b", store.Record{})
	fmt.Println("second:", verdict(err))
	_, err = st.Save(ctx, "c", store.Record{})
	fmt.Println("third:", verdict(err))
	for _, id := range []string{"a", "b", "c"} {
		_, err = st.Load(ctx, id)
		fmt.Printf("%s: %s\n", id, verdict(err))
	}
	fmt.Println("check:", verdict(st.Check(ctx)), "close:", verdict(st.Close()))
}

func verdict(err error) string {
	for name, want := range map[string]error{
		"conflict": store.ErrConflict, "full": store.ErrFull, "refused": store.ErrRefused, "not found": store.ErrNotFound,
	} {
		if errors.Is(err, want) {
			return name
		}
	}
	if err != nil {
		return err.Error()
	}
	return "ok"
}

// lines calls f with each whole line of what a process prints, to its end.
func lines(b *bufio.Reader, f func(line []byte)) {
	for {
		line, err := b.ReadBytes('\n')
		if err != nil {
			return
		}
		f(bytes.TrimSuffix(line, []byte("\n")))
	}
}
