package session_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/seal"
	"github.com/sojourn-go/session/store/memstore"
)

// Most of what a session promises it promises wherever it is kept. A test of
// that is handed what makes its manager, and runs once for each keeper. What
// only a store can do is tested with newLab and newPeerSite themselves, and
// what becomes of it in a sealed session in sealed_differences_test.go.

type (
	labMaker  func(t *testing.T, o session.Options) *lab
	siteMaker func(t *testing.T, o session.Options) *peerSite
)

func everywhere(t *testing.T, test func(t *testing.T, newLab labMaker)) {
	t.Run("stored", func(t *testing.T) { test(t, newLab) })
	t.Run("sealed", func(t *testing.T) { test(t, newLabSealed) })
}

// everywhereInTime is everywhere with a clock that the test turns.
func everywhereInTime(t *testing.T, test func(t *testing.T, newLab labMaker)) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		synctest.Test(t, func(t *testing.T) { test(t, newLab) })
	})
}

func onEverySite(t *testing.T, test func(t *testing.T, newPeerSite siteMaker)) {
	t.Run("stored", func(t *testing.T) { test(t, newPeerSite) })
	t.Run("sealed", func(t *testing.T) { test(t, newPeerSiteSealed) })
}

func onEverySiteInTime(t *testing.T, test func(t *testing.T, newPeerSite siteMaker)) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		synctest.Test(t, func(t *testing.T) { test(t, newPeerSite) })
	})
}

// What of a sealed session can be out of reach, as a store can, is the epoch
// of its owner. So in place of a store that is down it is the epoch's: for a
// session with an owner at the load, and for a login at the commit.

func newLabSealed(t *testing.T, o session.Options) *lab {
	st := &labStore{}
	if o.Epoch == nil {
		o.Epoch = st.epoch
	}
	l := newSealedLab(t, newKeys(t), o)
	l.labStore = st
	return l
}

func (s *labStore) epoch(_ context.Context, owner string) (uint64, error) {
	s.loads.Add(1)
	if s.onLoad != nil {
		if err := s.onLoad(owner); err != nil {
			return 0, err
		}
	}
	return 1, nil
}

func newPeerSiteSealed(t *testing.T, o session.Options) *peerSite {
	t.Helper()
	site := blankPeerSite(t, &o)
	if o.Epoch == nil {
		o.Epoch = site.store.epoch
	}
	m, err := session.NewSealed(newKeys(t), o)
	if err != nil {
		t.Fatal(err)
	}
	site.Manager = m
	return site
}

func (s *peerStore) epoch(context.Context, string) (uint64, error) {
	s.loads.Add(1)
	if s.loadsFail.Load() || s.saveFail.Load() {
		return 0, errPeerDown
	}
	return 1, nil
}

// managers are the two constructors, for tests of their options.
var managers = map[string]func(o session.Options) (*session.Manager, error){
	"New": func(o session.Options) (*session.Manager, error) {
		return session.New(memstore.New(memstore.Options{}), o)
	},
	"NewSealed": func(o session.Options) (*session.Manager, error) {
		keys, err := seal.NewKeys(seal.NewKey())
		if err != nil {
			return nil, err
		}
		return session.NewSealed(keys, o)
	},
}
