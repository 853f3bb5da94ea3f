package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/sojourn-go/session"
)

// apiState is the answer of the API: the session, as far as everybody may see
// it who has it.
type apiState struct {
	ID            string     `json:"id"`
	Owner         string     `json:"owner"`
	New           bool       `json:"new"`
	Visits        int        `json:"visits"`
	Created       *time.Time `json:"created"`
	Authenticated *time.Time `json:"authenticated"`
	Expires       *time.Time `json:"expires"`
	Bytes         int        `json:"bytes"`
}

type apiError struct {
	Error string `json:"error"`
}

func stateOf(s *session.Session) apiState {
	info := s.Info()
	return apiState{
		ID:            info.ID,
		Owner:         info.Owner,
		New:           s.IsNew(),
		Visits:        visits.Get(s),
		Created:       instant(info.Created),
		Authenticated: instant(info.Authenticated),
		Expires:       instant(info.Expires),
		Bytes:         info.Bytes,
	}
}

// instant is t for JSON, null if there is none.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC())
}

func (s *site) apiSession(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, stateOf(session.From(r.Context())))
}

func (s *site) apiVisit(w http.ResponseWriter, r *http.Request) {
	sess := session.From(r.Context())
	if err := s.count(r.Context(), sess); err != nil {
		s.failed(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, stateOf(sess))
}

// retry says when to try again, where that makes sense: if it is not known
// whether a visit was counted, it might count twice.
func retry(w http.ResponseWriter, err error) {
	if errors.Is(err, session.ErrUnavailable) && !errors.Is(err, session.ErrUnknown) {
		w.Header().Set("Retry-After", "1")
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts, numbers and times can be encoded
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // the client has gone: nobody is left to tell
}
