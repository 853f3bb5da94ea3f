package memstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxID    = 128
	maxOwner = 255
)

var errOwner = errors.New("memstore: an owner is at most 255 bytes of valid UTF-8 without NUL")

// idByte tells which bytes an id may have.
var idByte = func() (ok [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") {
		ok[c] = true
	}
	return ok
}()

// check is what every method asks first.
func check(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if id == "" || len(id) > maxID {
		return fmt.Errorf("memstore: an id of %d bytes: want 1 to %d", len(id), maxID)
	}
	for i := range len(id) {
		if !idByte[id[i]] {
			return fmt.Errorf("memstore: id %q: %q is not one of A-Z a-z 0-9 '-' '_' '.'", id, id[i])
		}
	}
	return nil
}

func checkOwner(owner string) error {
	if len(owner) > maxOwner || !utf8.ValidString(owner) || strings.IndexByte(owner, 0) >= 0 {
		return errOwner
	}
	return nil
}

// An end is when a record expires, in milliseconds since 1970. Ends take 48
// bits in a record.
const (
	lastEnd int64 = 253402300799999 // 9999-12-31 23:59:59.999
	never   int64 = 1<<48 - 1
)

var (
	firstTime = time.UnixMilli(0)
	lastTime  = time.UnixMilli(lastEnd)
)

// toEnd asks Before and After first, since UnixMilli overflows at the ends of
// time.Time's range.
func toEnd(t time.Time) int64 {
	switch {
	case t.IsZero():
		return never
	case t.Before(firstTime):
		return 0
	case t.After(lastTime):
		return lastEnd
	}
	return t.UnixMilli()
}

func toTime(end int64) time.Time {
	if end == never {
		return time.Time{}
	}
	return time.UnixMilli(end).UTC()
}
