package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// The first two pages of a bbolt file are meta pages, in the byte order of the
// machine: a header of 16 bytes, and then
//
//	0   magic
//	4   version of the format
//	8   length of a page
//	40  number of the first page that was never used
//	48  number of the transaction
//	56  FNV-1a of what is before
const (
	pageHeader  = 16
	metaLen     = 64
	magic       = 0xED0CDAED
	boltVersion = 2
	minPage     = 1 << 10 // bbolt looks for the second meta page at these
	maxPage     = 1 << 24
)

var (
	errNoDatabase = errors.New("the file is not a bbolt database")
	errTruncated  = errors.New("the file has been truncated, or its copy was not finished")
)

// inspect returns an error for a file that bbolt must not be given: it maps the
// file, and to read behind its end ends the process. An empty file is good.
func inspect(f *os.File, path string) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if now, err := os.Stat(path); err != nil || !os.SameFile(info, now) {
		return errors.New("the file was replaced, or removed, in this moment")
	}
	if info.Size() == 0 {
		return nil
	}
	size := info.Size()
	first, err := readMeta(f, 0)
	page := int64(first.page)
	if err != nil {
		page, err = findSecond(f, size, err)
	}
	if err != nil {
		return err
	}
	if page < minPage || page > maxPage || page&(page-1) != 0 {
		return errNoDatabase
	}
	m := first
	if second, err := readMeta(f, page); err == nil && (m.page == 0 || second.tx > m.tx) {
		m = second
	}
	if size < 2*page || m.used > uint64(size)/uint64(page) {
		return fmt.Errorf("%w: %d bytes of at least %d", errTruncated, size, max(2, m.used)*uint64(page))
	}
	return nil
}

// findSecond looks for the second meta page, if the first is not good for the
// reason err, and returns the length of a page.
func findSecond(f *os.File, size int64, err error) (int64, error) {
	for page := int64(minPage); page <= maxPage && page < size; page *= 2 {
		switch m, also := readMeta(f, page); {
		case also == nil && int64(m.page) == page:
			return page, nil
		case errors.Is(err, errNoDatabase) && !errors.Is(also, errNoDatabase):
			err = also
		}
	}
	return 0, err
}

type meta struct {
	page     uint32
	used, tx uint64
}

// readMeta returns what a meta page says, or why it is not good.
func readMeta(f *os.File, at int64) (m meta, err error) {
	var b [metaLen]byte
	if _, err := f.ReadAt(b[:], at+pageHeader); err == io.EOF {
		return m, errNoDatabase
	} else if err != nil {
		return m, err
	}
	order := binary.NativeEndian
	if order.Uint32(b[:]) != magic {
		return m, errNoDatabase
	}
	if v := order.Uint32(b[4:]); v != boltVersion {
		return m, fmt.Errorf("the file is of version %d of bbolt's format, and this program knows %d", v, boltVersion)
	}
	sum := fnv.New64a()
	sum.Write(b[:56])
	if sum.Sum64() != order.Uint64(b[56:]) {
		return m, fmt.Errorf("%w: the sum of its first page is wrong", errDamaged)
	}
	return meta{page: order.Uint32(b[8:]), used: order.Uint64(b[40:]), tx: order.Uint64(b[48:])}, nil
}
