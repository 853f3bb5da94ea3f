package sql_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// PostgreSQL tells which rows it has changed before it commits, and a constraint
// that is deferred, or a transaction that cannot be serialized, fails then.
func TestConformance_WhatIsUndoneAtTheCommitIsNotAcknowledgedToACrowd(t *testing.T) {
	crowdDrivers(t, func(t *testing.T, c driverCase) {
		db, table := c.open(t), newTable()
		s := c.store(t, db, sqlstore.Options{Table: table})
		if err := s.Create(t.Context()); err != nil {
			t.Fatal(err)
		}
		saves := manySaves(128)
		saveAll(t.Context(), s, saves, 1)
		execute(t, db, fmt.Sprintf(`CREATE FUNCTION undo_%[1]s() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN RAISE EXCEPTION ''not at the commit'' USING ERRCODE = ''23514''; END'`, table))
		execute(t, db, fmt.Sprintf(`CREATE CONSTRAINT TRIGGER undo AFTER INSERT OR UPDATE ON %[1]s
			DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION undo_%[1]s()`, table))
		before := map[string]uint64{}
		for _, sv := range saves {
			before[sv.id] = sv.version
		}
		saveAll(t.Context(), s, saves, 1)
		for _, sv := range saves {
			if !errors.Is(sv.err, store.ErrRefused) {
				t.Errorf("%s: got %v, want ErrRefused", sv.id, sv.err)
			}
			if got, err := s.Load(t.Context(), sv.id); err != nil || got.Version != before[sv.id] {
				t.Errorf("%s: got version %d (%v), want the one before", sv.id, got.Version, err)
			}
		}
	})
}

// Whoever makes a record of the same id waits for the transaction's end, and
// takes nobody along: not even those who had its connection a moment before.
func TestConformance_ANewRecordInATransactionHoldsUpNobodyElse(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		if c.server == nil {
			t.Skip("not run: a transaction of SQLite holds up whoever writes")
		}
		db := c.open(t)
		s := c.newStore(t, db)
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if _, err := s.Save(sqlstore.WithTx(t.Context(), tx), "held", store.Record{}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		held := 8 // connections of 16
		if strings.Contains(c.name, "PgBouncer") {
			held = 2 // of 4, one of which the transaction has
		}
		var wait, strangers sync.WaitGroup
		saves := manySaves(128)
		for i, sv := range saves {
			if i >= 40 && i < 40+held { // in the midst of a crowd
				wait.Go(func() {
					if _, err := s.Save(ctx, "held", store.Record{}); !errors.Is(err, store.ErrConflict) {
						t.Errorf("the record that the transaction has made: got %v, want ErrConflict", err)
					}
				})
			}
			strangers.Go(func() { sv.version, sv.err = s.Save(ctx, sv.id, sv.rec) })
		}
		strangers.Wait()
		for _, sv := range saves {
			if sv.err != nil {
				t.Errorf("%s, which nobody holds: %v", sv.id, sv.err)
			}
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		wait.Wait()
	})
}

// What was prepared before a column changed is of no use afterwards, on any
// connection.
func TestConformance_ATypeThatChangesWhileSessionsAreServedIsAnErrorToNobody(t *testing.T) {
	for _, name := range []string{"pgx", "pgxpool", "pq", "pgx through PgBouncer", "pq through PgBouncer"} {
		t.Run(name, func(t *testing.T) {
			c := driverByName(name)
			db, table := c.open(t), newTable()
			s := c.store(t, db, sqlstore.Options{Table: table})
			if err := s.Create(t.Context()); err != nil {
				t.Fatal(err)
			}
			saves := manySaves(96)
			saveAll(t.Context(), s, saves, 3)
			for _, text := range []string{
				"ALTER TABLE %s ALTER COLUMN owner TYPE varchar(255)", "ALTER TABLE %s ADD COLUMN more int", "ALTER TABLE %s ALTER COLUMN owner TYPE text",
			} {
				execute(t, c.open(t), fmt.Sprintf(text, table))
				for _, sv := range saves {
					wantFound(t, s, t.Context(), sv.id)
				}
				saveAll(t.Context(), s, saves, 1)
				for _, sv := range saves {
					if sv.err != nil {
						t.Fatalf("after %s: %v", text, sv.err)
					}
				}
				listed := 0
				for _, err := range s.List(t.Context()) {
					if err != nil {
						t.Errorf("after %s: List: %v", text, err)
					}
					listed++
				}
				if listed != len(saves) {
					t.Errorf("after %s: got %d records, want %d", text, listed, len(saves))
				}
			}
		})
	}
}

// Where statements do not commit themselves, a process that does nothing but sweep
// would look at the table as it was at its first Sweep, and keep it from changing.
func TestConformance_ASweepWithoutAutocommitSeesTheTableAsItIsAndLetsGoOfIt(t *testing.T) {
	c, ctx := driverByName("mysql"), t.Context()
	db, table := c.open(t), newTable()
	s := c.store(t, db, sqlstore.Options{Table: table})
	if err := s.Create(ctx); err != nil {
		t.Fatal(err)
	}
	off := c.connect(t, extended(c.dsn(t, ""), "autocommit=0"))
	off.SetMaxOpenConns(1)
	sweeper := c.store(t, off, sqlstore.Options{Table: table})
	sweepWants(t, sweeper, 0, "before there is anything")
	for round := range 3 {
		saveExpired(t, s, fmt.Sprint("row", round, "."), 5, time.Hour)
		sweepWants(t, sweeper, 5, "what has expired since")
	}
	if err := sweeper.Check(ctx); err == nil || !strings.Contains(err.Error(), "autocommit") {
		t.Errorf("Check: got %v, want that autocommit is off", err)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, text := range []string{"SET lock_wait_timeout = 10", "ALTER TABLE " + table + " ADD COLUMN more INT NULL"} {
		if _, err := conn.ExecContext(ctx, text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// SQLite says that it is busy to a transaction that has read, if another has
// written meanwhile: it can only be begun again.
func TestConformance_ATransactionOfSQLiteThatHasReadAndIsOutdatedIsAConflict(t *testing.T) {
	c, ctx := driverByName("sqlite"), t.Context()
	db := c.open(t)
	s := c.newStore(t, db)
	version, err := s.Save(ctx, "a", store.Record{})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	in := sqlstore.WithTx(ctx, tx)
	wantFound(t, s, in, "a")
	if _, err := s.Save(ctx, "b", store.Record{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Save(in, "a", store.Record{Version: version}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
}
