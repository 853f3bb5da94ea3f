package storetest_test

import (
	"fmt"
	"testing"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/storetest"
)

// newStore is the store under test.
func newStore() store.Store { return newReference() }

// In the tests of a store, this is all it takes.
func ExampleRun() {
	// func TestStore(t *testing.T)
	_ = func(t *testing.T) {
		storetest.Run(t, func(*testing.T) store.Store { return newStore() })
	}
}

// Without a test, for a command that tries a server, say.
func ExampleCheck() {
	err := storetest.Check(func() (store.Store, error) { return newStore(), nil })
	fmt.Println(err)
	// Output: <nil>
}
