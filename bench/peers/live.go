package peers

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"
)

// A liveStore is the least that keeps sessions in memory: a map of live
// objects, with locks and times of use. There is no encoding, so no other
// process can share it, and what one request changes others see at once. It
// stands in for the libraries that work in this way.
type liveStore struct {
	mu       sync.RWMutex
	sessions map[string]*liveSession
}

type liveSession struct {
	mu     sync.RWMutex
	values map[string]any
	used   time.Time
}

func liveSubject() Subject {
	return Subject{
		Name:  LiveMap,
		Title: "a map of live objects (a stand-in)",
		Open: func() (Site, error) {
			return liveSite(&liveStore{sessions: map[string]*liveSession{}}), nil
		},
	}
}

const liveCookie = "session"

func (s *liveStore) get(r *http.Request) *liveSession {
	c, err := r.Cookie(liveCookie)
	if err != nil {
		return nil
	}
	s.mu.RLock()
	found := s.sessions[c.Value]
	s.mu.RUnlock()
	if found != nil {
		found.mu.Lock()
		found.used = time.Now()
		found.mu.Unlock()
	}
	return found
}

func (s *liveStore) add(w http.ResponseWriter, values map[string]any) {
	id := rand.Text()
	s.mu.Lock()
	s.sessions[id] = &liveSession{values: values, used: time.Now()}
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: liveCookie, Value: id, Path: "/", HttpOnly: true, Secure: true})
}

func (s *liveSession) value(name string) any {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.values[name]
}

func (s *liveSession) set(name string, v any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[name] = v
}

func liveSite(store *liveStore) *netSite {
	return &netSite{handler: func(a Action, tell report) http.Handler {
		if a == Update || a == Login || a == Renew {
			return nil
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			tell.answer(w, liveAction(store, w, r, a), nil)
		})
	}}
}

func liveAction(store *liveStore, w http.ResponseWriter, r *http.Request, a Action) (got int64) {
	switch a {
	case Untouched:
	case SignIn, SignIn30:
		store.add(w, Values(a == SignIn30))
	case New:
		store.add(w, map[string]any{userKey: UserID})
	case Read:
		got, _ = store.get(r).value(countKey).(int64)
	case ReadText:
		text, _ := store.get(r).value(nameKey).(string)
		got = int64(len(text))
	case ReadUser:
		got, _ = store.get(r).value(userKey).(int64)
	case Count:
		s := store.get(r)
		n, _ := s.value(countKey).(int64)
		got = n + 1
		s.set(countKey, got)
	}
	return got
}
