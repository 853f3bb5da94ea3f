package storetest

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/sojourn-go/session/store"
)

// difference says in which fields the record that a store returned is not the
// one that it was given; nothing if it is.
func difference(got, want store.Record) string {
	var diffs []string
	differ := func(field string, got, want any) {
		diffs = append(diffs, fmt.Sprintf("%s: got %v, want %v", field, got, want))
	}
	if !bytes.Equal(got.Data, want.Data) {
		differ("Data", excerpt(got.Data), excerpt(want.Data))
	}
	if got.Owner != want.Owner {
		differ("Owner", fmt.Sprintf("%+q", got.Owner), fmt.Sprintf("%+q", want.Owner))
	}
	if !got.Expires.Equal(kept(want.Expires)) {
		differ("Expires", instant(got.Expires), instant(kept(want.Expires)))
	}
	if got.Version != want.Version {
		differ("Version", got.Version, want.Version)
	}
	if got.Durable {
		differ("Durable", true, false)
	}
	return strings.Join(diffs, "; ")
}

// kept is what a store keeps of an instant.
func kept(t time.Time) time.Time { return t.Truncate(time.Millisecond) }

func instant(t time.Time) string {
	if t.IsZero() {
		return "the zero time"
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// excerpt is data as one can read it.
func excerpt(data []byte) string {
	const most = 64
	if len(data) <= most {
		return fmt.Sprintf("%q", data)
	}
	return fmt.Sprintf("%q… of %d bytes", data[:most], len(data))
}

// outcome is what a Load returned as one can read it.
func outcome(rec store.Record, err error) string {
	if err != nil {
		return fmt.Sprintf("error %v", err)
	}
	return fmt.Sprintf("a record of %+q, %s, version %d, expires %s",
		rec.Owner, excerpt(rec.Data), rec.Version, instant(rec.Expires))
}
