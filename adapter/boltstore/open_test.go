package boltstore_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/sojourn-go/session/adapter/boltstore"
	"github.com/sojourn-go/session/store"
)

// image returns the bytes of a database with some records in it.
func image(t *testing.T) []byte {
	t.Helper()
	path := file(t)
	st, err := boltstore.Open(path, boltstore.Options{})
	must(t, err)
	createMany(t, st, "id-", 300, store.Record{Data: make([]byte, 500)})
	must(t, st.Close())
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

func TestOpenRefusesWhatIsNoWholeDatabaseAndLeavesItAsItIs(t *testing.T) {
	good := image(t)
	cut := func(n int) []byte { return good[:n] }
	changed := func(f func(b []byte)) []byte {
		b := bytes.Clone(good)
		f(b)
		return b
	}
	newer := func(b []byte) {
		for _, m := range metas(b) {
			binary.NativeEndian.PutUint32(m[4:], 3)
			sum(m)
		}
	}
	for name, test := range map[string]struct {
		content []byte
		want    string
	}{
		"text":                        {[]byte("dear diary"), "not a bbolt database"},
		"a page of text":              {bytes.Repeat([]byte("dear diary\n"), 3000), "not a bbolt database"},
		"zeros":                       {make([]byte, 64<<10), "not a bbolt database"},
		"SQLite":                      {append([]byte("SQLite format 3\x00"), make([]byte, 8192)...), "not a bbolt database"},
		"one byte":                    {cut(1), "not a bbolt database"},
		"cut in the first page":       {cut(60), "not a bbolt database"},
		"cut behind the first page":   {cut(os.Getpagesize()), "truncated"},
		"cut behind the second page":  {cut(2 * os.Getpagesize()), "truncated"},
		"cut in the middle":           {cut(len(good) / 2), "truncated"},
		"of a newer version":          {changed(newer), "version 3"},
		"damaged at the head":         {changed(func(b []byte) { metas(b)[0][20]++; metas(b)[1][20]++ }), "damaged"},
		"zeros behind the meta pages": {changed(func(b []byte) { clear(b[2*os.Getpagesize():]) }), "damaged"},
	} {
		path := file(t)
		must(t, os.WriteFile(path, test.content, 0o600))
		_, err := boltstore.Open(path, boltstore.Options{})
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "boltstore: ") || !strings.Contains(err.Error(), path) {
			t.Errorf("Open of a file, %s: got %v, want an error that says %q and names the file", name, err, test.want)
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, test.content) {
			t.Errorf("the file, %s: got it changed (%v), want every byte as it was", name, err)
		}
		must(t, os.WriteFile(path, good, 0o600)) // nobody holds the lock of what was refused
		open(t, path)
	}
}

// metas returns the meta pages without their headers.
func metas(b []byte) [2][]byte {
	page := os.Getpagesize()
	return [2][]byte{b[16:80], b[page+16 : page+80]}
}

// sum sets the sum of a meta page right.
func sum(m []byte) {
	h := fnv.New64a()
	h.Write(m[:56])
	binary.NativeEndian.PutUint64(m[56:], h.Sum64())
}

func TestADatabaseWithOneGoodMetaPageOpens(t *testing.T) {
	good := image(t)
	for i := range 2 {
		b := bytes.Clone(good)
		clear(metas(b)[i])
		path := file(t)
		must(t, os.WriteFile(path, b, 0o600))
		if n := keysOf(t, open(t, path)); n == 0 {
			t.Errorf("without meta page %d: got no records, want those of the other", i)
		}
	}
}

func TestOpenMakesAFileForItsOwnerAlone(t *testing.T) {
	path := file(t)
	open(t, path)
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the mode of the file: got %v, %v, want 0600", info.Mode(), err)
	}
	path = file(t)
	must(t, os.WriteFile(path, nil, 0o640)) // somebody has touched it
	create(t, open(t, path), "a", store.Record{})
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o640 || info.Size() == 0 {
		t.Errorf("the file that was empty: got %v and %d bytes, %v, want 0640 and a database", info.Mode(), info.Size(), err)
	}
}

func TestOpenTellsWhatIsWrongWithAPath(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]error{
		dir:                              nil,
		"":                               nil,
		os.DevNull:                       nil,
		filepath.Join(dir, "none", "x"):  os.ErrNotExist,
		filepath.Join(file(t), "a", "b"): os.ErrNotExist,
	} {
		_, err := boltstore.Open(path, boltstore.Options{})
		if err == nil || want != nil && !errors.Is(err, want) || !strings.HasPrefix(err.Error(), "boltstore: ") {
			t.Errorf("Open of %q: got %v, want an error (%v)", path, err, want)
		}
	}
	path := file(t)
	if _, err := boltstore.Open(path, boltstore.Options{Bucket: strings.Repeat("x", 256)}); err == nil {
		t.Error("Open with a name of 256 bytes: got no error")
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after an Open with wrong options: got %v, want no file", err)
	}
}

func TestASecondOpenFailsAtOnceAndSaysWhy(t *testing.T) {
	path := file(t)
	st := open(t, path)
	create(t, st, "a", store.Record{})
	_, err := boltstore.Open(path, boltstore.Options{})
	if !errors.Is(err, bolterrors.ErrTimeout) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second Open: got %v, want an error that says so", err)
	}
	out := string(runChild(t, "open", path))
	if !strings.Contains(out, "in use") {
		t.Errorf("Open in another process: got %q, want it to say that the file is in use", out)
	}
	create(t, st, "b", store.Record{}) // the first is as it was
	must(t, st.Close())
	if out := string(runChild(t, "open", path)); out != "opened\n" {
		t.Errorf("Open in another process, after Close: got %q, want it opened", out)
	}
}

func TestNewTellsWhatIsWrong(t *testing.T) {
	_, err := boltstore.New(nil, boltstore.Options{Bucket: strings.Repeat("x", 256)})
	if err == nil || !strings.Contains(err.Error(), "nil") || !strings.Contains(err.Error(), "256") {
		t.Errorf("New(nil) with a long name: got %v, want both faults", err)
	}
	path := file(t)
	db, err := bolt.Open(path, 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte("other"))
		must(t, err)
		must(t, b.Put([]byte("key"), []byte("of another application")))
		b, err = tx.CreateBucket([]byte("nested"))
		must(t, err)
		_, err = b.CreateBucket([]byte("bucket"))
		return err
	}))
	for _, bucket := range []string{"other", "nested"} {
		if _, err := boltstore.New(db, boltstore.Options{Bucket: bucket}); err == nil || !strings.Contains(err.Error(), "something else") {
			t.Errorf("New in a bucket of others: got %v, want an error", err)
		}
	}
	must(t, db.Close())
	if _, err := boltstore.New(db, boltstore.Options{}); !errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		t.Errorf("New on a closed database: got %v, want %v", err, bolterrors.ErrDatabaseNotOpen)
	}
	db, err = bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	must(t, err)
	defer db.Close()
	if _, err := boltstore.New(db, boltstore.Options{}); !errors.Is(err, bolterrors.ErrDatabaseReadOnly) {
		t.Errorf("New on a read-only database without the bucket: got %v, want %v", err, bolterrors.ErrDatabaseReadOnly)
	}
}
