package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strings"
)

// isDeaf reports whether db's driver may wait on when a context is done. lib/pq
// does: it asks the server to cancel, and waits until it says so, which a server
// that is frozen or cut off does not.
func isDeaf(db *sql.DB) bool { return drives(db, "github.com/lib/pq") }

// drives reports whether db speaks through a driver of the module.
func drives(db *sql.DB, module string) bool {
	t := reflect.TypeOf(db.Driver())
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.PkgPath() == module || strings.HasPrefix(t.PkgPath(), module+"/")
}

// heed runs f, and returns when the context is done though the driver may not:
// then f goes on, in a goroutine of its own, until the driver gives up, and what
// it comes to is not known. So f must not use what belongs to the caller.
func heed[T any](ctx context.Context, deaf bool, f func() (T, error)) (T, error) {
	if !deaf || transaction(ctx) != nil {
		return f()
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r.err = fmt.Errorf("the driver panicked: %v", p)
			}
			done <- r
		}()
		r.value, r.err = f()
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
