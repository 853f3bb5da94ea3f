package flash

import (
	"slices"
	"sync"

	"github.com/sojourn-go/session"
)

// A page is what one request has read and said.
type page struct {
	mu        sync.Mutex // before any lock of the Session
	id, owner string     // of the session, as of the last look
	now       []entry    // Now's, not shown yet
	shown     []entry
	values    map[string]reading
}

// A reading is a value that the request has read.
type reading struct {
	held    any // a held[T]
	restore func(*session.Session)
}

var (
	pages   = session.NewLocal[*page]()
	keeping = session.NewLocal[bool]()

	// beginning has the pages that are being given to their sessions, since a
	// Local cannot be set if it is not set yet. No lock that others of the
	// server wait for is held meanwhile: a Local waits for its session, which
	// may be waiting for the store.
	beginning sync.Map // *session.Session -> *page
)

// pageOf returns the request's page. However many goroutines ask at once, there
// is one: it is given to the session before it leaves beginning, so whoever
// comes later finds it in the one or the other.
func pageOf(s *session.Session) *page {
	if p := pages.Get(s); p != nil {
		return p
	}
	first, _ := beginning.LoadOrStore(s, &page{})
	defer beginning.Delete(s)
	if p := pages.Get(s); p != nil {
		return p
	}
	p := first.(*page)
	pages.Set(s, p)
	return p
}

// follow forgets what was read in a session that is not the request's any more:
// of an owner who was, or that was ended. Login and End drop what waits; what
// was read must not find a way around them.
func (p *page) follow(s *session.Session) {
	id, owner := s.ID(), s.Owner()
	if p.id != "" && p.id != id || p.owner != "" && p.owner != owner {
		p.shown = slices.DeleteFunc(p.shown, func(e entry) bool { return !e.passing() })
		p.values = nil
	}
	p.id, p.owner = id, owner
}
