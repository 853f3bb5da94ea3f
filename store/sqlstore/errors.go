package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/sojourn-go/session/store"
)

// A class is what an error of a database means for a Save. Of other errors it is
// not known whether the Save was applied.
type class int

const (
	unknown  class = iota
	conflict       // undone: it could not be serialized, or there was a deadlock
	taken          // MySQL: there is a row with the id
	refused        // not done, nor would it be a moment later
	full           // not done for want of room
	racing         // not done: there is such a table or column already
	outdated       // SQLite: not done; the transaction has read, and another has written since
)

// fail says what a call came to. A done context is the caller's own doing,
// whatever the driver calls it.
func (s *Store) fail(ctx context.Context, doing string, err error) error {
	switch s.d.classify(err) {
	case refused, taken, racing:
		return fmt.Errorf("sqlstore: %s: %w: %w", doing, store.ErrRefused, err)
	case full:
		return fmt.Errorf("sqlstore: %s: %w: %w", doing, store.ErrFull, err)
	}
	if done := ctx.Err(); done != nil && !errors.Is(err, done) {
		return fmt.Errorf("sqlstore: %s: %w: %w", doing, done, err)
	}
	return fmt.Errorf("sqlstore: %s: %w", doing, err)
}

// lost reports whether a Save has done nothing because of what others did. That a
// transaction is outdated is so for the one that it is part of: it has to begin
// anew.
func (s *Store) lost(ctx context.Context, err error) bool {
	c := s.d.classify(err)
	return c == conflict || c == outdated && transaction(ctx) != nil
}

// sqlState returns the SQLSTATE, which pgx and lib/pq tell by a method.
func sqlState(err error) string {
	e, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err)
	if !ok {
		return ""
	}
	return e.SQLState()
}

// stale reports whether PostgreSQL refuses to go by the plan of a statement that
// was prepared before a column changed its type. It has done nothing.
func stale(err error) bool { return sqlState(err) == "0A000" }

func classifyPostgres(err error) class {
	code := sqlState(err)
	switch code {
	case "40001", "40P01": // serialization failure, deadlock
		return conflict
	case "53100": // disk full
		return full
	case "42P07", "42P06", "23505", "42701": // table, schema, row of a catalogue, or column there
		return racing
	case "25006": // read-only transaction
		return refused
	}
	for _, prefix := range []string{
		"42",       // right lacking, no such table or column
		"3D", "3F", // no such database, no such schema
		"28",             // login refused
		"22", "23", "54", // a value or constraint of a table that is not ours
	} {
		if strings.HasPrefix(code, prefix) {
			return refused
		}
	}
	return unknown
}

// What MySQL and MariaDB call it.
var (
	mysqlConflicts = []uint64{1213, 1020} // deadlock; changed since it was read
	mysqlFull      = []uint64{1114, 1021} // table full, disk full
	mysqlRefusals  = []uint64{
		1044, 1045, 1142, 1143, 1227, 1370, // right lacking
		1049, 1146, 1054, // no such database, table, column
		1290, 1792, 1836, // read-only
		1048, 1136, 1264, 1364, 1366, 1406, 4025, 3819, // a table that is not ours
		1153, // larger than max_allowed_packet
	}
)

// mysqlNumber returns the number of a server's error, or 0.
func mysqlNumber(err error) uint64 {
	number, _ := find(err, func(e error) (uint64, bool) { return field(e, "Number") })
	return number
}

func classifyMySQL(err error) class {
	number := mysqlNumber(err)
	switch {
	case number == 1062: // duplicate entry
		return taken
	case slices.Contains(mysqlConflicts, number):
		return conflict
	case slices.Contains(mysqlFull, number), number == 1030 && strings.Contains(err.Error(), "rror 28"):
		return full
	case slices.Contains(mysqlRefusals, number):
		return refused
	case slices.Contains([]uint64{1050, 1060, 1007, 1684}, number):
		return racing // table, column or database there
	}
	return unknown
}

// classifySQLite goes by the result code, which modernc.org/sqlite tells by a
// method, and mattn/go-sqlite3 by fields.
func classifySQLite(err error) class {
	code, ok := find(err, func(e error) (uint64, bool) {
		if c, ok := e.(interface{ Code() int }); ok {
			return uint64(c.Code()), true
		}
		if code, ok := field(e, "ExtendedCode"); ok && code != 0 {
			return code, true
		}
		return field(e, "Code")
	})
	if !ok {
		return unknown
	}
	if code == 517 { // SQLITE_BUSY_SNAPSHOT
		return outdated
	}
	switch code & 0xff {
	case 1: // "SQL logic error", of every kind
		for _, text := range []string{"no such table", "no such column", "has no column named", "unknown database"} {
			if strings.Contains(err.Error(), text) {
				return refused
			}
		}
		if strings.Contains(err.Error(), "duplicate column name") || strings.Contains(err.Error(), "already exists") {
			return racing
		}
	case 13: // SQLITE_FULL
		return full
	case 3, 8, 23, 26: // a right lacking, read-only, not authorized, not a database
		return refused
	case 18, 19, 20: // too big, a constraint or type of a table that is not ours
		return refused
	}
	return unknown
}

// find returns what f finds in the chain of err.
func find(err error, f func(error) (uint64, bool)) (uint64, bool) {
	if err == nil {
		return 0, false
	}
	if n, ok := f(err); ok {
		return n, true
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return find(e.Unwrap(), f)
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			if n, ok := find(err, f); ok {
				return n, true
			}
		}
	}
	return 0, false
}

// field returns a number that an error has in a field: the drivers cannot be
// imported here.
func field(err error, name string) (uint64, bool) {
	v := reflect.ValueOf(err)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return 0, false
	}
	switch f := v.FieldByName(name); {
	case !f.IsValid():
		return 0, false
	case f.CanUint():
		return f.Uint(), true
	case f.CanInt():
		return uint64(f.Int()), true
	}
	return 0, false
}
