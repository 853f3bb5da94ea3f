package sqlite_test

import (
	"testing"
	"time"

	"github.com/sojourn-go/session/adapter/sqlite"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
	"github.com/sojourn-go/session/store/storetest"
)

func TestTheContract(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	storetest.Run(t, func(t *testing.T) store.Store {
		st, err := sqlite.Open(path, sqlstore.Options{Grace: time.Nanosecond}) // one clock
		must(t, err)
		t.Cleanup(func() { must(t, st.Close()) })
		return st
	})
}
