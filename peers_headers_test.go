package session_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
)

// scs and gorilla send two lines of one name when a session changes twice.
func TestPeers_Set_Cookie_is_exactly_one_line_however_much_happened(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		stories := map[string]func(w http.ResponseWriter, r *http.Request, s *session.Session){
			"Set": func(_ http.ResponseWriter, _ *http.Request, s *session.Session) { peerCount.Set(s, 1) },
			"the handler sets one of the name itself": func(w http.ResponseWriter, _ *http.Request, s *session.Session) {
				http.SetCookie(w, &http.Cookie{Name: peerCookie, Value: "mine"})
				peerCount.Set(s, 1)
			},
			"the handler deletes the cookie itself": func(w http.ResponseWriter, _ *http.Request, s *session.Session) {
				http.SetCookie(w, &http.Cookie{Name: peerCookie, MaxAge: -1})
				http.SetCookie(w, &http.Cookie{Name: peerCookie, MaxAge: -1, Path: "/cart"})
				peerCount.Set(s, 1)
			},
			"Commit twice": func(_ http.ResponseWriter, r *http.Request, s *session.Session) {
				for i := range 2 {
					peerCount.Set(s, i)
					expectError(t, "Commit", s.Commit(r.Context()), nil)
				}
			},
			"Login after Set": func(_ http.ResponseWriter, _ *http.Request, s *session.Session) {
				peerCount.Set(s, 1)
				expectError(t, "Login", s.Login("ann"), nil)
			},
			"Login, Commit, Renew, Commit, End, Set": func(_ http.ResponseWriter, r *http.Request, s *session.Session) {
				expectError(t, "Login", s.Login("ann"), nil)
				expectError(t, "Commit", s.Commit(r.Context()), nil)
				s.Renew()
				expectError(t, "Commit", s.Commit(r.Context()), nil)
				s.End()
				peerCount.Set(s, 1)
			},
			"SetCookie twice": func(_ http.ResponseWriter, _ *http.Request, s *session.Session) {
				peerCount.Set(s, 1)
				expectError(t, "SetCookie", s.SetCookie(cookie.Attrs{MaxAge: time.Hour}), nil)
				expectError(t, "SetCookie", s.SetCookie(cookie.Attrs{MaxAge: time.Minute}), nil)
			},
		}
		for name, story := range stories {
			t.Run(name, func(t *testing.T) {
				site := newPeerSite(t, session.Options{})
				v := site.visitor()
				res := v.get(func(w http.ResponseWriter, r *http.Request) {
					story(w, r, session.From(r.Context()))
					http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark"})
					io.WriteString(w, "page")
				})
				ours := 0
				for _, c := range res.Cookies() {
					if c.Name == peerCookie {
						ours++
						expect(t, "value is the handler's", c.Value == "mine" || c.Value == "", false)
					}
				}
				expect(t, "lines of our name", ours, 1)
				expectCookies(t, res, 2)
				expect(t, "Cache-Control", res.Header.Get("Cache-Control"), "no-store")
				v.get(func(_ http.ResponseWriter, r *http.Request) {
					expect(t, "new in the next request", session.From(r.Context()).IsNew(), false)
				})
			})
		}
	})
}

func TestPeers_Vary_Cookie_is_there_if_the_session_was_consulted_and_only_then(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		consult := map[string]func(*session.Session){
			"Get":   func(s *session.Session) { peerName.Get(s) },
			"ID":    func(s *session.Session) { s.ID() },
			"IsNew": func(s *session.Session) { s.IsNew() },
			"Err":   func(s *session.Session) { s.Err() },
			"All":   func(s *session.Session) { s.All()(func(string, []byte) bool { return true }) },
			"Set":   func(s *session.Session) { peerCount.Set(s, 1) },
		}
		for name, consult := range consult {
			for kind, v := range map[string]*peerVisitor{"new": site.visitor(), "regular": site.regular()} {
				res := v.get(func(_ http.ResponseWriter, r *http.Request) { consult(session.From(r.Context())) })
				expect(t, kind+": Vary after "+name, strings.Join(res.Header["Vary"], "|"), "Cookie")
			}
		}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			res := site.regular().do(method, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "page") })
			expect(t, method+": Vary of a page without a session", res.Header.Get("Vary"), "")
			expect(t, method+": Cache-Control of it", res.Header.Get("Cache-Control"), "")
		}
	})
}

func TestPeers_Vary_Cookie_is_added_to_the_handlers_own_once(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		for own, want := range map[string]string{
			"Accept-Encoding":          "Accept-Encoding|Cookie",
			"*":                        "*",
			"accept-encoding , cookie": "accept-encoding , cookie",
			"Cookie2":                  "Cookie2|Cookie",
		} {
			res := site.visitor().get(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Vary", own)
				peerName.Get(session.From(r.Context()))
			})
			expect(t, "Vary", strings.Join(res.Header["Vary"], "|"), want)
		}
	})
}

func (site *peerSite) owner(name string) *peerVisitor {
	v := site.visitor()
	v.get(func(_ http.ResponseWriter, r *http.Request) {
		expectError(site.t, "Login", session.From(r.Context()).Login(name), nil)
	})
	site.store.calls()
	return v
}

func TestPeers_no_store_is_there_for_owners_unless_the_handler_says_otherwise(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		for _, c := range []struct {
			who  string
			v    *peerVisitor
			own  string
			want string
		}{
			{"an owner", site.owner("ann"), "", "no-store"},
			{"an owner", site.owner("ann"), "private, max-age=60", "private, max-age=60"},
			{"nobody in particular", site.regular(), "", ""},
			{"nobody in particular", site.regular(), "public", "public"},
		} {
			res := c.v.get(func(w http.ResponseWriter, r *http.Request) {
				if c.own != "" {
					w.Header().Set("Cache-Control", c.own)
				}
				peerName.Get(session.From(r.Context()))
			})
			expect(t, c.who+" with "+c.own+": Cache-Control", res.Header.Get("Cache-Control"), c.want)
		}
		expectEvents(t, site, session.Exposed, 0)
	})
}

func TestPeers_no_store_replaces_the_handlers_own_wherever_a_cookie_is_sent(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.visitor()
		for _, change := range []func(*session.Session){
			func(s *session.Session) { peerName.Set(s, "ann") },
			func(s *session.Session) { expectError(t, "Login", s.Login("ann"), nil) },
			func(s *session.Session) { s.Renew() },
			func(s *session.Session) { s.End() },
		} {
			res := v.get(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", "public, max-age=3600")
				change(session.From(r.Context()))
			})
			expectCookies(t, res, 1)
			expect(t, "Cache-Control", strings.Join(res.Header["Cache-Control"], "|"), "no-store")
		}
	})
}

func TestPeers_whatever_lets_a_shared_cache_store_an_owners_page_is_an_event(t *testing.T) {
	for own, exposed := range map[string]int{
		"public": 1, "max-age=60": 1, "S-MaxAge=60, must-revalidate": 1,
		"private, max-age=60": 0, "no-cache, max-age=60": 0, "no-store": 0, "must-revalidate": 0,
	} {
		site := newPeerSite(t, session.Options{})
		site.owner("ann").get(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", own)
			peerName.Get(session.From(r.Context()))
		})
		expectEvents(t, site, session.Exposed, exposed)
	}
	site := newPeerSite(t, session.Options{})
	site.owner("ann").get(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cdn-Cache-Control", "max-age=60")
		peerName.Get(session.From(r.Context()))
	})
	expectEvents(t, site, session.Exposed, 1)
}

func TestPeers_Cache_Control_public_for_an_owner_is_an_event_without_the_token(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.owner("ann")
		for i, own := range []string{"public, max-age=60", "max-age=60,Public", "PUBLIC , x"} {
			res := v.get(func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Cache-Control"] = []string{own}
				peerName.Get(session.From(r.Context()))
			})
			expect(t, "Cache-Control", res.Header.Get("Cache-Control"), own)
			expectEvents(t, site, session.Exposed, i+1)
		}
		for _, e := range site.log.of(session.Exposed) {
			expect(t, "id of the event", e.ID, v.sessionID())
			expect(t, "owner of the event", e.Owner, "ann")
		}
	})
}

// scs and fiber send the cookie with every response once there is an idle
// timeout, and so make every page a private one.
func TestPeers_Set_Cookie_is_not_sent_again_for_activity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newPeerSite(t, session.Options{})
		v := site.owner("ann")
		for range 30 {
			time.Sleep(10 * time.Minute)
			res := v.get(func(_ http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				expect(t, "owner", s.Owner(), "ann")
				peerCount.Update(s, func(n int) int { return n + 1 })
			})
			expectCookies(t, res, 0)
		}
	})
}
