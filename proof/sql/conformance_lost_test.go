package sql_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/sojourn-go/session/store"
)

// lib/pq tells database/sql that a connection was bad from the beginning when the
// answer was lost, and database/sql sends the statement again. Then a Save that
// was applied was ErrConflict, by which nobody finds out.
func TestConformance_ASaveWhoseAnswerIsLostIsNotSentAgain(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		if c.server == nil {
			t.Skip("not run: SQLite has no connection that may be lost")
		}
		proxy := startProxy(t, c)
		db := c.connect(t, c.dsn(t, proxy.Addr()))
		db.SetMaxOpenConns(1)
		s := c.newStore(t, db)
		version := uint64(0)
		for _, data := range []string{"one", "two"} {
			for _, call := range callsOf(t, s, "warm") { // so that nothing is to be prepared
				if err := call.do(); err != nil {
					t.Fatal(err)
				}
			}
			proxy.Lose(0, false)
			_, err := s.Save(t.Context(), "a", store.Record{Data: []byte(data), Version: version})
			if err == nil || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrRefused) || errors.Is(err, store.ErrFull) {
				t.Errorf("Save %s whose answer is lost: got %v, want an error that leaves it open", data, err)
			}
			eventually(t, func() error { // the server may still be at it
				rec, err := s.Load(t.Context(), "a")
				version = rec.Version
				if err == nil && string(rec.Data) != data {
					err = fmt.Errorf("got %q, want %q", rec.Data, data)
				}
				return err
			})
		}
	})
}
