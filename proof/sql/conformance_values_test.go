package sql_test

import (
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// awkward are names that somebody may give a table or a schema.
var awkward = []string{
	"select", "Mixed Case", `quo"te`, "back`tick", "apo'strophe", "a.b", `sla\sh`, "per%cent", "what?", "$1", ":colon", "@at",
	"semi;colon -- comment", "/* comment */", "täglich", "日本", "a\nb", "(", "1", " lead",
}

func TestConformance_NamesMayBeAnything(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		db := c.open(t)
		for i, name := range awkward {
			name = fmt.Sprint(name, tables.Add(1))
			o := sqlstore.Options{Table: name}
			if i%2 == 0 {
				o.Schema = c.schema(t, db, "in "+name)
			}
			s := c.store(t, db, o)
			err := errors.Join(s.Create(t.Context()), s.Migrate(t.Context()))
			if err != nil {
				t.Errorf("%q: %v", name, err)
				continue
			}
			live(t, s, name)
		}
	})
}

// schema sees to it that a schema of that name can be used, and returns its name.
func (c driverCase) schema(t *testing.T, db *sql.DB, name string) string {
	t.Helper()
	switch c.name {
	case "mysql":
		if _, err := db.ExecContext(t.Context(), "CREATE DATABASE `"+strings.ReplaceAll(name, "`", "``")+"`"); err != nil {
			t.Fatal(err)
		}
	case "sqlite":
		db.SetMaxOpenConns(1) // which has it attached
		if _, err := db.ExecContext(t.Context(), `ATTACH ':memory:' AS "`+strings.ReplaceAll(name, `"`, `""`)+`"`); err != nil {
			t.Fatal(err) // it has room for ten
		}
	}
	return name
}

// live puts a store to all its uses.
func live(t *testing.T, s *sqlstore.Store, what string) {
	t.Helper()
	ctx := t.Context()
	version, err := s.Save(ctx, "a", store.Record{Data: []byte("one")})
	if err == nil {
		_, err = s.Save(ctx, "a", store.Record{Data: []byte("two"), Version: version})
	}
	_, dead := s.Save(ctx, "b", store.Record{Expires: time.Now().Add(-time.Hour)})
	rec, failed := s.Load(ctx, "a")
	swept, sweep := s.Sweep(ctx)
	listed := 0
	for _, e := range s.List(ctx) {
		failed = errors.Join(failed, e)
		listed++
	}
	if err = errors.Join(err, dead, failed, sweep, s.Delete(ctx, "a")); err != nil || string(rec.Data) != "two" || swept != 1 || listed != 1 {
		t.Errorf("%q: got %v, data %q, %d swept, %d listed; want no error, two, 1, 1", what, err, rec.Data, swept, listed)
	}
}

func TestConformance_NamesThatDifferInCaseAreDifferentTablesWhereTheyAreForTheDatabase(t *testing.T) {
	for _, name := range []string{"pgx", "pq"} {
		c := driverByName(name)
		db, ctx := c.open(t), t.Context()
		table := newTable()
		lower, upper := c.store(t, db, sqlstore.Options{Table: table}), c.store(t, db, sqlstore.Options{Table: strings.ToUpper(table)})
		if err := errors.Join(lower.Create(ctx), upper.Create(ctx)); err != nil {
			t.Fatal(err)
		}
		if _, err := lower.Save(ctx, "a", store.Record{}); err != nil {
			t.Fatal(err)
		}
		if _, err := upper.Load(ctx, "a"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: the other table: got %v, want ErrNotFound", name, err)
		}
	}
}

// Whoever writes rows by hand may use the whole of the type.
func TestConformance_AnExpiryMayBeAtEitherEndOfItsType(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		db, table := c.open(t), newTable()
		s := c.store(t, db, sqlstore.Options{Table: table})
		if err := s.Create(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id, expires := range map[string]int64{"min": math.MinInt64, "zero": 0, "one": 1, "max": math.MaxInt64, "end": 253402300799999} {
			_, err := db.ExecContext(t.Context(), fmt.Sprintf("INSERT INTO %s (id, version, expires, owner, data) VALUES ('%s', 7, %d, '', '')", table, id, expires))
			if c.name == "sqlite" {
				_, err = db.ExecContext(t.Context(), fmt.Sprintf("INSERT INTO %s (id, version, expires, owner, data) VALUES ('%s', 7, %d, '', x'')", table, id, expires))
			}
			if err != nil {
				t.Fatal(err)
			}
			rec, err := s.Load(t.Context(), id)
			if past := expires <= 1; past != errors.Is(err, store.ErrNotFound) || !past && (err != nil || !rec.Expires.After(time.Now())) {
				t.Errorf("expires %d: got %v, %v", expires, rec.Expires, err)
			}
		}
		if n, err := s.Sweep(t.Context()); n != 3 || err != nil {
			t.Errorf("Sweep: got %d, %v, want 3", n, err)
		}
		if _, err := s.Save(t.Context(), "max", store.Record{Version: 7}); err != nil {
			t.Errorf("Save upon the last instant: %v", err)
		}
	})
}

func TestConformance_ARowThatIsNotASessionsIsAnError(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		db, table := c.open(t), newTable()
		s := c.store(t, db, sqlstore.Options{Table: table})
		if err := s.Create(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"zero", "not an id"} {
			empty := "''"
			if c.name == "sqlite" {
				empty = "x''"
			}
			if _, err := db.ExecContext(t.Context(), fmt.Sprintf("INSERT INTO %s (id, version, owner, data) VALUES ('%s', 0, '', %s)", table, id, empty)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Load(t.Context(), "zero"); err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("Load: got %v, want an error that says so", err)
		}
		var entries, faults int
		for _, err := range s.List(t.Context()) {
			if err != nil {
				faults++
				continue
			}
			entries++
		}
		if entries != 0 || faults != 1 {
			t.Errorf("List: got %d entries and %d errors, want none and 1", entries, faults)
		}
	})
}
