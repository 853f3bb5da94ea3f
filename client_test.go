package session_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sojourn-go/session"
)

func TestClient_of_a_login_is_on_the_list_and_nothing_of_it_without_being_asked_for(t *testing.T) {
	const agent = "Mozilla/5.0 (X11; Linux x86_64)"
	for what, o := range map[string]session.Options{"asked for": {Client: session.ClientOf}, "by default": {}} {
		t.Run(what, func(t *testing.T) {
			l := newLab(t, o)
			v := l.visitor()
			r := httptest.NewRequest("POST", "https://example.com/", nil)
			r.Header.Set("User-Agent", agent)
			r.RemoteAddr = "203.0.113.77:4711"
			v.takes(serve(l.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				session.From(r.Context()).Login("ann")
			})), r))
			v.posts(func(s *session.Session) { count.Set(s, 1) })
			expected := session.Client{}
			if o.Client != nil {
				expected = session.Client{Agent: agent, Addr: "203.0.113.0/24"}
			}
			want(t, "its own", v.info().Client, expected)
			for info, err := range l.m.List(t.Context(), "ann") {
				if err != nil {
					t.Fatal(err)
				}
				want(t, "on the list", info.Client, expected)
			}
			v.posts(func(s *session.Session) { s.Login("ann") })
			want(t, "after a login without an agent", v.info().Client.Agent, "")
		})
	}
}

func TestClient_is_of_bounded_size_and_can_be_shown(t *testing.T) {
	for what, agent := range map[string]string{
		"long":       strings.Repeat("x", 1<<20),
		"of umlauts": "a" + strings.Repeat("ü", 300),
		"controls":   "a\x00b\nc\x1b[31m\u202e",
		"no UTF-8":   "a\xff\xfeb",
	} {
		l := newLab(t, session.Options{Client: func(*http.Request) session.Client {
			return session.Client{Agent: agent, Addr: strings.Repeat("9", 100)}
		}})
		c := l.login("ann").info().Client
		if len(c.Agent) > 200 || len(c.Agent) < 2 || len(c.Addr) != 64 || !utf8.ValidString(c.Agent) || strings.ContainsAny(c.Agent, "\x00\n\x1b\u202e") {
			t.Errorf("%s: got %q, %q", what, c.Agent, c.Addr)
		}
		if strings.HasPrefix(agent, "aü") && len(c.Agent) != 199 {
			t.Errorf("%s: %d bytes of 200", what, len(c.Agent))
		}
	}
}

func TestClientOf_tells_the_network_and_not_the_address(t *testing.T) {
	for remote, want := range map[string]string{
		"203.0.113.77:4711":          "203.0.113.0/24",
		"203.0.113.77":               "203.0.113.0/24",
		"[::ffff:203.0.113.77]:4711": "203.0.113.0/24",
		"[2001:db8:1:2:3:4:5:6]:443": "2001:db8:1::/48",
		"[fe80::1%eth0]:80":          "fe80::/48",
		"@":                          "",
		"":                           "",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = remote
		if got := session.ClientOf(r).Addr; got != want {
			t.Errorf("%q: got %q, want %q", remote, got, want)
		}
	}
}

func TestClient_is_as_before_after_a_login_that_failed(t *testing.T) {
	l := newLab(t, session.Options{Client: func(r *http.Request) session.Client { return session.Client{Agent: r.Method} }})
	v := l.login("ann")
	want(t, "agent", v.info().Client.Agent, "POST")
	v.does("PUT", func(s *session.Session) { s.LoginWith("ann", session.Terms{AtEpoch: 1}) })
	want(t, "agent after a login that failed", v.info().Client.Agent, "POST")
}

func TestList_marks_the_session_of_the_request_that_asks(t *testing.T) {
	l := newLab(t, session.Options{})
	a, b := l.login("ann"), l.login("ann")
	for _, v := range []*visitor{a, b} {
		r := v.request("GET")
		var current []string
		serve(l.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			for info, err := range l.m.List(r.Context(), "ann") {
				if err != nil {
					t.Error(err)
				}
				if info.Current {
					current = append(current, info.ID)
				}
			}
		})), r)
		if len(current) != 1 || current[0] != v.id() {
			t.Errorf("got %v, want %v", current, v.id())
		}
	}
	for info := range l.m.List(t.Context(), "ann") {
		want(t, "without a request", info.Current, false)
	}
}

func TestLocal_values_are_of_one_request_and_never_kept(t *testing.T) {
	here := session.NewLocal[int]()
	other := session.NewLocal[int]()
	l := newLab(t, session.Options{})
	v := l.login("ann")
	loads := l.loads.Load()
	v.gets(func(s *session.Session) {
		want(t, "before", here.Get(s), 0)
		here.Set(s, 7)
		want(t, "after", here.Get(s), 7)
		want(t, "another's", other.Get(s), 0)
	})
	want(t, "loads", l.loads.Load(), loads)
	saves := l.saves.Load()
	v.gets(func(s *session.Session) { want(t, "in the next request", here.Get(s), 0) })
	want(t, "saves", l.saves.Load(), saves)
	v.posts(func(s *session.Session) {
		here.Set(s, 8)
		s.End()
		want(t, "after End", here.Get(s), 8)
	})
}
