package devices

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/sojourn-go/session"
)

// What the JSON says of a session. The owner knows who they are.
type sessionJSON struct {
	ID            string        `json:"id"`
	Current       bool          `json:"current"`
	Client        clientJSON    `json:"client"`
	Created       *time.Time    `json:"created"`
	Authenticated *time.Time    `json:"authenticated"`
	LastSeen      *time.Time    `json:"last_seen"`
	Expires       *time.Time    `json:"expires"` // null: never
	Level         session.Level `json:"level"`
	Remembered    bool          `json:"remembered"`
}

type clientJSON struct {
	Name  string `json:"name"` // for people
	Agent string `json:"agent"`
	Addr  string `json:"addr"`
}

type pageJSON struct {
	Sessions []sessionJSON `json:"sessions"`
	MayEnd   bool          `json:"may_end"` // others than this one
}

func listJSON(list []Session, mayEnd bool) pageJSON {
	page := pageJSON{make([]sessionJSON, 0, len(list)), mayEnd}
	for _, s := range list {
		page.Sessions = append(page.Sessions, sessionJSON{
			ID:            s.ID,
			Current:       s.Current,
			Client:        clientJSON{s.Name(), s.Client.Agent, s.Client.Addr},
			Created:       moment(s.Created),
			Authenticated: moment(s.Authenticated),
			LastSeen:      moment(s.LastSeen),
			Expires:       moment(s.Expires),
			Level:         s.Level,
			Remembered:    s.Remembered,
		})
	}
	return page
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC())
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Accept")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone
}

func answerError(w http.ResponseWriter, r *http.Request, status int, text string) {
	if wantsJSON(r) {
		answerJSON(w, status, map[string]string{"error": text})
		return
	}
	w.Header().Add("Vary", "Accept")
	http.Error(w, text, status)
}
