package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	scs "github.com/alexedwards/scs/v2/memstore"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

// A subject is a store under measurement.
type subject interface {
	// idLen is how long the ids are that its library makes.
	idLen() int

	// version returns what save wants to know of the stored session.
	version(id string) (uint64, error)
	save(id string, i int, version uint64, end time.Time) error
	remove(id string) error

	// load returns nil if there is no session.
	load(id string) (data []byte, owner string, err error)
	sweep() error
	list() (int, error)

	// held is how many sessions take memory, expired or not.
	held() int

	// hasOwners tells whether load returns the owner.
	hasOwners() bool
}

var subjects = []string{"memstore", "scs"}

// open returns an empty store of that name, which may take most sessions.
func open(name string, most int) (subject, error) {
	switch name {
	case "memstore":
		return own{memstore.New(memstore.Options{MaxSessions: most, MaxBytes: 1 << 40})}, nil
	case "scs":
		// Nothing is swept but by us.
		st := scs.NewWithCleanupInterval(0)
		more, ok := any(st).(scsMore)
		if !ok {
			return nil, errors.New("this binary has the scs that cannot be asked to sweep")
		}
		return other{st, more}, nil
	}
	return nil, fmt.Errorf("there is no store %q", name)
}

type own struct{ st *memstore.Store }

func (own) idLen() int      { return 24 }
func (own) hasOwners() bool { return true }
func (o own) held() int     { return o.st.Stats().Sessions }

func (o own) version(id string) (uint64, error) {
	rec, err := o.st.Load(context.Background(), id)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	return rec.Version, err
}

func (o own) save(id string, i int, version uint64, end time.Time) error {
	rec := store.Record{Data: dataOf(i), Owner: ownerOf(i), Expires: end, Version: version}
	_, err := o.st.Save(context.Background(), id, rec)
	return err
}

func (o own) remove(id string) error { return o.st.Delete(context.Background(), id) }

func (o own) load(id string) ([]byte, string, error) {
	rec, err := o.st.Load(context.Background(), id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, "", nil
	}
	return rec.Data, rec.Owner, err
}

func (o own) sweep() error {
	_, err := o.st.Sweep(context.Background())
	return err
}

func (o own) list() (n int, err error) {
	for _, err := range o.st.List(context.Background()) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// scsMore is what the edits of askScs add to scs.
type scsMore interface {
	Sweep()
	Len() int
}

type other struct {
	st   *scs.MemStore
	more scsMore
}

func (other) idLen() int                     { return 43 }
func (other) hasOwners() bool                { return false }
func (o other) held() int                    { return o.more.Len() }
func (other) version(string) (uint64, error) { return 0, nil }
func (o other) remove(id string) error       { return o.st.Delete(id) }

func (o other) save(id string, i int, _ uint64, end time.Time) error {
	return o.st.Commit(id, dataOf(i), end)
}

func (o other) load(id string) ([]byte, string, error) {
	data, _, err := o.st.Find(id)
	return data, "", err
}

func (o other) sweep() error {
	o.more.Sweep()
	return nil
}

func (o other) list() (int, error) {
	all, err := o.st.All()
	return len(all), err
}
