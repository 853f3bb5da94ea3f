package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/storetest"
)

// faulty opens stores with a fault.
func faulty(n int) func() (store.Store, error) {
	return func() (store.Store, error) { return breakIt(faults[n].inject), nil }
}

// wantNamed wants err to name the sentence that the fault violates.
func wantNamed(t *testing.T, err error, n int) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "storetest: "+faults[n].sentence+": ") {
		t.Errorf("Check: got %v, want an error that names %q", err, faults[n].sentence)
	}
}

func TestEveryFaultIsFoundAndNamed(t *testing.T) {
	for n, f := range faults[1:] {
		n++
		t.Run(fmt.Sprintf("%d %s", n, f.what), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { wantNamed(t, storetest.Check(faulty(n)), n) })
		})
	}
}

func TestFaultsOfExpiryAreFoundByTheClock(t *testing.T) {
	for n, f := range faults {
		// What is a little off shows for certain only where the clock stands
		// still while a rule looks.
		if strings.HasPrefix(f.what, "a record expires a") || strings.HasPrefix(f.what, "a record goes early") ||
			!slices.ContainsFunc(faultsOfExpiry, func(e fault) bool { return e.what == f.what }) {
			continue
		}
		t.Run(f.what, func(t *testing.T) {
			t.Parallel()
			wantNamed(t, storetest.Check(faulty(n)), n)
		})
	}
}

func TestEverySentenceHasAFault(t *testing.T) {
	sentences := storetest.Sentences()
	var violated []string
	for _, f := range faults[1:] {
		violated = append(violated, f.sentence)
		if !slices.Contains(sentences, f.sentence) {
			t.Errorf("no sentence of the contract: %q", f.sentence)
		}
	}
	for _, s := range sentences {
		if !slices.Contains(violated, s) {
			t.Errorf("no fault violates %q", s)
		}
	}
}

// A bare store has the three methods and no more.
type bare struct{ store.Store }

// A wrapper has its abilities from the store inside.
type wrapper struct{ bare }

func (w wrapper) Unwrap() store.Store { return w.Store }

// faultless are stores that keep the contract, each in its own way.
func faultless() map[string]func() store.Store {
	shared := newReference()
	for n := range 100 {
		shared.Save(context.Background(), strconv.Itoa(n), store.Record{Data: []byte("another's")})
	}
	return map[string]func() store.Store{
		"the reference":                  func() store.Store { return newReference() },
		"a store without abilities":      func() store.Store { return bare{newReference()} },
		"a store around another":         func() store.Store { return wrapper{bare{newReference()}} },
		"one store for all, with others": func() store.Store { return shared },
		"a store that is never durable":  func() store.Store { return breakIt(neverDurable) },
		"a store of hashes":              func() store.Store { return breakIt(hashed) },
		"a store that wraps its errors":  func() store.Store { return breakIt(wrapsErrors) },
	}
}

func neverDurable(s *broken) {
	save := s.save
	s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
		version, err := save(ctx, id, rec)
		if err == nil && rec.Durable {
			err = fmt.Errorf("save: %w", store.ErrNotDurable)
		}
		return version, err
	}
}

func wrapsErrors(s *broken) {
	load, save := s.load, s.save
	s.load = func(ctx context.Context, id string) (store.Record, error) {
		rec, err := load(ctx, id)
		if err != nil {
			err = fmt.Errorf("load: %w", err)
		}
		return rec, err
	}
	s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
		version, err := save(ctx, id, rec)
		if err != nil {
			err = fmt.Errorf("save: %w", err)
		}
		return version, err
	}
}

// hashed gives records a hash of their content as version, which equal states
// of before and after share.
func hashed(s *broken) {
	s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if s.get(id).Version != rec.Version {
			return 0, store.ErrConflict
		}
		s.put(id, rec)
		stored := s.records[id]
		h := fnv.New64a()
		fmt.Fprintf(h, "%q %q %v", stored.Data, stored.Owner, stored.Expires.UTC())
		stored.Version = h.Sum64() | 1
		s.records[id] = stored
		return stored.Version, nil
	}
}

func TestAStoreThatKeepsTheContractPasses(t *testing.T) {
	for name, open := range faultless() {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			storetest.Run(t, func(*testing.T) store.Store { return open() })
			synctest.Test(t, func(t *testing.T) {
				if err := storetest.Check(func() (store.Store, error) { return open(), nil }); err != nil {
					t.Errorf("in a bubble: %v", err)
				}
			})
		})
	}
}

func TestTheSuiteDeletesWhatItSaved(t *testing.T) {
	s := newReference()
	synctest.Test(t, func(t *testing.T) {
		if err := storetest.Check(func() (store.Store, error) { return s, nil }); err != nil {
			t.Error(err)
		}
	})
	if ids := s.ids(); len(ids) != 0 {
		t.Errorf("left in the store: got %d records, want none", len(ids))
	}
}

type closer struct {
	*reference
	close func() error
}

func (c closer) Close() error { return c.close() }

func TestCheckClosesWhatItOpened(t *testing.T) {
	open, broken := 0, errors.New("cannot close")
	synctest.Test(t, func(t *testing.T) {
		err := storetest.Check(func() (store.Store, error) {
			open++
			return closer{newReference(), func() error { open--; return broken }}, nil
		})
		if !errors.Is(err, broken) {
			t.Errorf("Check: got %v, want the error of Close", err)
		}
	})
	if open != 0 {
		t.Errorf("got %d stores left open, want none", open)
	}
}

func TestCheckReturnsTheErrorOfOpen(t *testing.T) {
	want := errors.New("no such server")
	if err := storetest.Check(func() (store.Store, error) { return nil, want }); !errors.Is(err, want) {
		t.Errorf("Check: got %v, want %v", err, want)
	}
}

// faultVariable names the fault that TestRunOfAFault runs, by its number.
const faultVariable = "STORETEST_FAULT"

func TestRunOfAFault(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv(faultVariable)) // 0, no fault, if not set
	storetest.Run(t, func(*testing.T) store.Store { return breakIt(faults[n].inject) })
}

func TestRunFailsTheSubtestOfTheSentence(t *testing.T) {
	n := slices.IndexFunc(faults, func(f fault) bool { return f.what == "Delete removes everything" })
	cmd := exec.Command(os.Args[0], "-test.run=^TestRunOfAFault$")
	cmd.Env = append(os.Environ(), fmt.Sprint(faultVariable, "=", n))
	out, err := cmd.CombinedOutput()
	want := "--- FAIL: TestRunOfAFault/" + strings.ReplaceAll(faults[n].sentence, " ", "_")
	if err == nil || !strings.Contains(string(out), want) {
		t.Errorf("go test: got error %v and\n%s\nwant a failure with %q", err, out, want)
	}
}
