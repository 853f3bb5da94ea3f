package session_test

import (
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

// With scs and fiber an outage of the store takes down pages that need no
// session.
func TestPeers_store_down_on_read_leaves_a_request_that_uses_no_session_alone(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.member()
		site.store.loadsFail.Store(true)
		site.store.saveFail.Store(true)
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace} {
			res := v.do(method, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
			expect(t, method+": status", res.StatusCode, http.StatusNoContent)
		}
		expect(t, "calls of the store", site.store.calls(), "0 loads, 0 saves")
	})
}

// gorilla's idiom, s, _ := store.Get(...), makes the visitor look signed out.
func TestPeers_store_down_on_read_answers_a_page_that_uses_the_session_503_in_its_place(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.member()
		site.store.loadsFail.Store(true)
		for name, write := range map[string]func(http.ResponseWriter){
			"with a page":             func(w http.ResponseWriter) { io.WriteString(w, "Hello, stranger") },
			"with a status":           func(w http.ResponseWriter) { w.WriteHeader(http.StatusFound) },
			"that wrote nothing":      func(http.ResponseWriter) {},
			"that answered 403 of it": func(w http.ResponseWriter) { http.Error(w, "sign in", http.StatusForbidden) },
		} {
			t.Run(name, func(t *testing.T) {
				res := v.get(func(w http.ResponseWriter, r *http.Request) {
					expect(t, "name", peerName.Get(session.From(r.Context())), "")
					write(w)
				})
				expectFailure(t, res, http.StatusServiceUnavailable)
				expectCookies(t, res, 0)
			})
		}
		expect(t, "saves", site.store.saves.Load(), 0)
	})
}

// With gin-contrib the order is placed, and then the session is lost.
func TestPeers_store_down_on_read_keeps_the_POST_handler_from_running(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.member()
		site.store.loadsFail.Store(true)
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, "PURCHASE"} {
			ran := false
			res := v.do(method, func(http.ResponseWriter, *http.Request) { ran = true })
			expectFailure(t, res, http.StatusServiceUnavailable)
			expectCookies(t, res, 0)
			expect(t, method+": the handler ran", ran, false)
		}
		res := v.send(site.Handler(site.Require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			t.Error("a GET behind Require ran without a session")
		}))), v.request(http.MethodGet))
		expectFailure(t, res, http.StatusServiceUnavailable)
	})
}

func TestPeers_store_down_on_read_signs_nobody_out(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.member()
		token := v.token()
		site.store.loadsFail.Store(true)
		v.get(func(_ http.ResponseWriter, r *http.Request) { peerName.Set(session.From(r.Context()), "bob") })
		v.post(func(_ http.ResponseWriter, r *http.Request) { peerName.Set(session.From(r.Context()), "bob") })
		site.store.loadsFail.Store(false)
		expect(t, "token", v.token(), token)
		expect(t, "name", v.name(), "ann")
	})
}

func TestPeers_store_down_on_read_after_the_first_byte_aborts_the_response(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.member()
		site.store.loadsFail.Store(true)
		got := aborted(func() {
			v.get(func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, "Hello, ")
				io.WriteString(w, peerName.Get(session.From(r.Context())))
			})
		})
		expect(t, "aborted", got, true)
	})
}

// scs answers 500 and the page, fiber sends a cookie that opens nothing.
func TestPeers_store_down_on_write_answers_503_and_sends_no_cookie(t *testing.T) {
	onEverySiteInTime(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		regular := site.regular()
		site.store.saveFail.Store(true)
		for name, v := range map[string]*peerVisitor{"new": site.visitor(), "regular": regular} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				token := v.token()
				res := v.do(method, func(w http.ResponseWriter, r *http.Request) {
					s := session.From(r.Context())
					peerName.Set(s, "bob")
					expectError(t, "Login", s.Login("bob"), nil)
					io.WriteString(w, "order 42 placed")
				})
				expectFailure(t, res, http.StatusServiceUnavailable)
				expectCookies(t, res, 0)
				expect(t, name+": token", v.token(), token)
			}
		}
		site.store.saveFail.Store(false)
		expect(t, "name", regular.name(), "ann")
	})
}

// scs answers 500 for ever, and never clears the cookie; quasoft's panics.
func TestPeers_an_undecodable_value_spoils_that_value_only(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.regular()
		asInt := session.NewKey[int]("name") // "ann" by now
		v.get(func(_ http.ResponseWriter, r *http.Request) { peerCount.Set(session.From(r.Context()), 7) })
		res := v.get(func(_ http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			n, ok := asInt.Lookup(s)
			expect(t, "value", n, 0)
			expect(t, "found", ok, false)
			expect(t, "another value", peerCount.Get(s), 7)
			expectError(t, "Err", s.Err(), nil)
		})
		expect(t, "status", res.StatusCode, http.StatusOK)
		if e := site.log.of(session.Unreadable); len(e) != 1 || e[0].Key != "name" || e[0].ID != v.sessionID() {
			t.Errorf("unreadable events: got %v, want one of the key", e)
		}
		v.get(func(_ http.ResponseWriter, r *http.Request) { asInt.Set(session.From(r.Context()), 3) })
		v.get(func(_ http.ResponseWriter, r *http.Request) {
			expect(t, "value after a Set", asInt.Get(session.From(r.Context())), 3)
		})
	})
}

func TestPeers_an_undecodable_value_fails_an_update_of_it(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.regular()
		res := v.get(func(_ http.ResponseWriter, r *http.Request) {
			session.NewKey[int]("name").Update(session.From(r.Context()), func(n int) int { return n + 1 })
		})
		expectFailure(t, res, http.StatusInternalServerError)
		if e := site.log.of(session.Failed); len(e) != 1 || e[0].Err == nil {
			t.Errorf("failed events: got %v, want one", e)
		}
		expect(t, "name", v.name(), "ann")
	})
}

// rewrite changes the bytes of the visitor's record behind the manager's back.
func (v *peerVisitor) rewrite(change func(data []byte) []byte) {
	v.site.t.Helper()
	ctx, st := v.site.t.Context(), v.site.store.Store
	rec, err := st.Load(ctx, v.id())
	if err == nil {
		rec.Data = change(slices.Clone(rec.Data))
		_, err = st.Save(ctx, v.id(), rec)
	}
	if err != nil {
		v.site.t.Fatal(err)
	}
}

func (v *peerVisitor) record() store.Record {
	v.site.t.Helper()
	rec, err := v.site.store.Store.Load(v.site.t.Context(), v.id())
	if err != nil {
		v.site.t.Fatal(err)
	}
	return rec
}

func TestPeers_a_corrupt_record_is_no_session_and_a_new_one_may_begin(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"cut off": func(data []byte) []byte { return data[:len(data)/2] },
		"empty":   func([]byte) []byte { return nil },
		"text":    func([]byte) []byte { return []byte(`{"name":"ann"}`) },
	} {
		t.Run(name, func(t *testing.T) {
			site := newPeerSite(t, session.Options{})
			v := site.regular()
			old := v.id()
			v.rewrite(change)
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				res := v.do(method, func(_ http.ResponseWriter, r *http.Request) {
					s := session.From(r.Context())
					expect(t, "name", peerName.Get(s), "")
					expect(t, "new", s.IsNew(), true)
				})
				expect(t, method+": status", res.StatusCode, http.StatusOK)
			}
			expectEvents(t, site, session.Unreadable, 2)
			res := v.get(func(_ http.ResponseWriter, r *http.Request) { peerName.Set(session.From(r.Context()), "bob") })
			expectCookies(t, res, 1)
			if v.id() == old {
				t.Error("id of the new session: got the old one, want another")
			}
			expect(t, "name", v.name(), "bob")
		})
	}
}

// A rolling deploy must not sign everybody out.
func TestPeers_a_record_of_a_newer_format_is_answered_503_and_left_as_it_is(t *testing.T) {
	site := newPeerSite(t, session.Options{})
	v := site.regular()
	v.rewrite(func(data []byte) []byte { data[0]++; return data })
	before := v.record()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		res := v.do(method, func(_ http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			peerName.Set(s, "bob")
			s.End()
		})
		expectFailure(t, res, http.StatusServiceUnavailable)
		expectCookies(t, res, 0)
	}
	after := v.record()
	if after.Version != before.Version || !slices.Equal(after.Data, before.Data) {
		t.Errorf("record: got version %d of %d bytes, want version %d untouched", after.Version, len(after.Data), before.Version)
	}
	v.rewrite(func(data []byte) []byte { data[0]--; return data })
	expect(t, "name once the newer program is back", v.name(), "ann")
}
