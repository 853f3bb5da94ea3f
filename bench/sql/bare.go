package sql

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/boltstore"

	"github.com/sojourn-go/session/bench/peers"
	"github.com/sojourn-go/session/store"
)

// bareSize is how many bytes a session has in a store without a library around
// it, about as many as with ours.
const bareSize = 1014

// A bareStore reads and writes the i-th of its sessions.
type bareStore interface {
	create(i int, id string) error
	read(i int, id string) (size int, err error)
	write(i int, id string) error
}

// A bareSite is a store that browsers visit without a library between: the
// cookie is the number of the session and its id.
type bareSite struct {
	bareStore
	last atomic.Int64
}

func bareHouse(st bareStore, shut func()) *house {
	s := &bareSite{bareStore: st}
	return &house{still: s, idle: s, close: shut}
}

// Visitor is of no use here.
func (s *bareSite) Visitor(peers.Action, bool) peers.Visit { return nil }

// Guest implements [peers.Site]. A write is the store's alone: it reads nothing.
func (s *bareSite) Guest(a peers.Action) peers.Guest {
	return func(jar *string) (peers.Answer, error) {
		if a == signsIn {
			i := s.last.Add(1) - 1
			id := randomID()
			*jar = fmt.Sprintf("%d=%s", i, id)
			return peers.Answer{Set: true}, s.create(int(i), id)
		}
		number, id, _ := strings.Cut(*jar, "=")
		i, err := strconv.Atoi(number)
		if err != nil {
			return peers.Answer{}, err
		}
		if a == peers.Count {
			return peers.Answer{Value: peers.FirstCount + 1}, s.write(i, id)
		}
		n, err := s.read(i, id)
		if err == nil && n != bareSize {
			err = fmt.Errorf("got %d bytes, want %d", n, bareSize)
		}
		return peers.Answer{Value: peers.FirstCount}, err
	}
}

// ownBare saves records of ours by compare-and-swap.
type ownBare struct {
	store.Store
	versions [1 << 20]atomic.Uint64 // by number
}

func (s *ownBare) save(i int, id string) error {
	rec := store.Record{Data: make([]byte, bareSize), Expires: time.Now().Add(life), Version: s.versions[i].Load()}
	version, err := s.Save(context.Background(), id, rec)
	if err == nil {
		s.versions[i].Store(version)
	}
	return err
}

func (s *ownBare) create(i int, id string) error { return s.save(i, id) }

func (s *ownBare) read(_ int, id string) (int, error) {
	rec, err := s.Load(context.Background(), id)
	return len(rec.Data), err
}

// write saves again if another visitor was at the same session just then, whose
// version is there a moment later.
func (s *ownBare) write(i int, id string) error {
	for {
		if err := s.save(i, id); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

// scsBare commits as scs does, whoever was there before.
type scsBare struct{ *boltstore.BoltStore }

func (s scsBare) create(i int, id string) error { return s.write(i, id) }

func (s scsBare) read(_ int, id string) (int, error) {
	b, ok, err := s.Find(id)
	if err == nil && !ok {
		err = errors.New("the session is gone")
	}
	return len(b), err
}

func (s scsBare) write(_ int, id string) error {
	return s.Commit(id, make([]byte, bareSize), time.Now().Add(life))
}
