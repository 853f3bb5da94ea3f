package websockets

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
)

func TestWhatIsChangedAfterTheUpgradeIsSavedWhenTheHandlerReturns(t *testing.T) {
	for library, accept := range upgrades {
		t.Run(library, func(t *testing.T) {
			h := newSite(t)
			h.mux.HandleFunc("GET /chat", func(w http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				if got := name.Get(s); got != "ann" {
					t.Errorf("name before the upgrade: got %q, want ann", got)
				}
				echo, shut, err := accept(w, r)
				if err != nil {
					t.Errorf("upgrade: got error %v, want a connection", err)
					return
				}
				defer shut()
				for echo() == nil {
					messages.Update(s, func(n int) int { return n + 1 })
				}
			})
			_, token := h.call(http.MethodPost, "/login", "")
			conn, res := h.dial("/chat", token)
			if conn == nil {
				t.Fatalf("upgrade: got status %d, want 101", res.StatusCode)
			}
			if cookies := res.Header["Set-Cookie"]; len(cookies) > 0 {
				t.Errorf("Set-Cookie in the 101: got %q, want none", cookies)
			}
			for _, message := range []string{"one", "two", "three"} {
				talk(t, conn, message)
			}
			conn.Close()
			<-h.done
			if got, _ := h.call(http.MethodGet, "/messages", token); got != "xxx" {
				t.Errorf("messages counted: got %q, want three", got)
			}
		})
	}
}

func TestWhatIsChangedBeforeTheUpgradeIsSavedBeforeTheFirstMessage(t *testing.T) {
	for library, accept := range upgrades {
		t.Run(library, func(t *testing.T) {
			h := newSite(t)
			h.mux.HandleFunc("GET /chat", func(w http.ResponseWriter, r *http.Request) {
				messages.Set(session.From(r.Context()), 2)
				echo, shut, err := accept(w, r)
				if err != nil {
					t.Errorf("upgrade: got error %v, want a connection", err)
					return
				}
				defer shut()
				for echo() == nil {
				}
			})
			_, token := h.call(http.MethodPost, "/login", "")
			conn, _ := h.dial("/chat", token)
			talk(t, conn, "hello")
			if got, _ := h.call(http.MethodGet, "/messages", token); got != "xx" {
				t.Errorf("messages while the connection is open: got %q, want two", got)
			}
		})
	}
}

func TestReloadTellsAnOpenConnectionThatItsSessionEndedElsewhere(t *testing.T) {
	for library, accept := range upgrades {
		t.Run(library, func(t *testing.T) {
			h := newSite(t)
			reloads := make(chan error, 2)
			h.mux.HandleFunc("GET /chat", func(w http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				name.Get(s)
				echo, shut, err := accept(w, r)
				if err != nil {
					t.Errorf("upgrade: got error %v, want a connection", err)
					return
				}
				defer shut()
				for echo() == nil {
					err := s.Reload(t.Context())
					if reloads <- err; err != nil {
						return
					}
				}
			})
			_, token := h.call(http.MethodPost, "/login", "")
			conn, _ := h.dial("/chat", token)
			talk(t, conn, "still there?")
			if err := <-reloads; err != nil {
				t.Errorf("Reload of a live session: got error %v, want none", err)
			}
			if n, err := h.EndAll(t.Context(), "ann"); n != 1 || err != nil {
				t.Errorf("EndAll: got %d and error %v, want 1", n, err)
			}
			talk(t, conn, "and now?")
			if err := <-reloads; !errors.Is(err, session.ErrEnded) {
				t.Errorf("Reload after the end: got error %v, want ErrEnded", err)
			}
			if _, _, err := conn.ReadMessage(); err == nil {
				t.Error("the connection is still open")
			}
		})
	}
}

// gorilla writes the 101 itself, without our cookie: so Hijack is refused, and
// its Upgrader answers.
func TestAnUpgradeByGorillaThatWouldLoseTheCookieIsAnsweredOrdinarily(t *testing.T) {
	h := newSite(t)
	var refusal error
	h.mux.HandleFunc("GET /chat", func(w http.ResponseWriter, r *http.Request) {
		messages.Set(session.From(r.Context()), 1)
		_, _, refusal = withGorilla(w, r)
	})
	conn, res := h.dial("/chat", "")
	if conn != nil || res.StatusCode != http.StatusInternalServerError {
		t.Errorf("upgrade: got status %d, want 500", res.StatusCode)
	}
	<-h.done
	if refusal == nil || !strings.Contains(refusal.Error(), "cookie") {
		t.Errorf("Upgrade: got error %v, want one that says what to do about the cookie", refusal)
	}
	// A 5xx answer commits, so the next attempt has a session.
	token := tokenIn(res, "")
	if got, _ := h.call(http.MethodGet, "/messages", token); got != "x" {
		t.Errorf("messages: got %q, want one", got)
	}
}

// coder lets net/http write the 101, which passes the one door.
func TestAnUpgradeByCoderSetsTheCookieInThe101(t *testing.T) {
	h := newSite(t)
	h.mux.HandleFunc("GET /chat", func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		messages.Set(s, 1)
		echo, shut, err := withCoder(w, r)
		if err != nil {
			t.Errorf("Accept: got error %v, want a connection", err)
			return
		}
		defer shut()
		for echo() == nil {
			messages.Update(s, func(n int) int { return n + 1 })
		}
	})
	conn, res := h.dial("/chat", "")
	if conn == nil {
		t.Fatalf("upgrade: got status %d, want 101", res.StatusCode)
	}
	token := tokenIn(res, "")
	if len(res.Header["Set-Cookie"]) != 1 || token == "" {
		t.Errorf("Set-Cookie in the 101: got %q, want one", res.Header["Set-Cookie"])
	}
	talk(t, conn, "hello")
	conn.Close()
	<-h.done
	if got, _ := h.call(http.MethodGet, "/messages", token); got != "xx" {
		t.Errorf("messages: got %q, want two", got)
	}
}

func TestAnUpgradeWhoseCommitFailsIsNoUpgrade(t *testing.T) {
	for library, accept := range upgrades {
		t.Run(library, func(t *testing.T) {
			h := newSite(t)
			h.mux.HandleFunc("GET /chat", func(w http.ResponseWriter, r *http.Request) {
				messages.Set(session.From(r.Context()), 1)
				if _, _, err := accept(w, r); err == nil {
					t.Error("upgrade: got a connection, want an error")
				}
			})
			_, token := h.call(http.MethodPost, "/login", "")
			h.store.full = true
			conn, res := h.dial("/chat", token)
			if conn != nil || res.StatusCode != http.StatusServiceUnavailable {
				t.Fatalf("upgrade: got status %d, want 503", res.StatusCode)
			}
			for _, own := range []string{"Upgrade", "Sec-WebSocket-Accept"} {
				if got := res.Header.Get(own); got != "" {
					t.Errorf("%s in the 503: got the handler's %q, want none", own, got)
				}
			}
			<-h.done
		})
	}
}
