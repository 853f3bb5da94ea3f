package session_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
)

func TestInsecure_serves_this_machine_only_and_says_which_field_is_to_blame(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		var log bytes.Buffer
		m := newLab(t, session.Options{Insecure: true, Logger: slog.New(slog.NewTextHandler(&log, nil))}).m
		h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			count.Set(session.From(r.Context()), 1)
		}))
		for host, status := range map[string]int{
			"localhost": 200, "localhost:8080": 200, "LOCALHOST.": 200, "app.localhost:80": 200, "127.0.0.1": 200, "127.3.2.1:9": 200,
			"[::1]": 200, "[::1]:8080": 200, "::1": 200, "[::ffff:127.0.0.1]:80": 200,
			"": 500, "example.com": 500, "localhost.example.com": 500, "notlocalhost": 500, "10.0.0.1:80": 500, "[2001:db8::1]:80": 500,
			"127.0.0.1.example.com": 500, "[": 500, ":": 500, "]:[": 500, "0.0.0.0": 500,
		} {
			r := httptest.NewRequest("GET", "/", nil)
			r.Host = host
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			want(t, "status for host "+host, w.Code, status)
			if status == 500 && !strings.Contains(w.Body.String(), "Options.Insecure") {
				t.Errorf("host %s: the answer does not name the field: %s", host, w.Body)
			}
			if cookie := w.Header().Get("Set-Cookie"); status == 200 && (!strings.HasPrefix(cookie, "session=") || strings.Contains(cookie, "Secure")) {
				t.Errorf("host %s: got cookie %q", host, cookie)
			}
		}
		if !strings.Contains(log.String(), "Options.Insecure") {
			t.Errorf("the log does not name the field: %s", log.String())
		}
	})
}

func TestA_plain_request_from_another_host_is_warned_about_once(t *testing.T) {
	everywhere(t, func(t *testing.T, newLab labMaker) {
		var log bytes.Buffer
		m := newLab(t, session.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}).m
		h := m.Handler(http.NotFoundHandler())
		send := func(url string, proxied bool) {
			r := httptest.NewRequest("GET", url, nil)
			if proxied {
				r.Header.Set("X-Forwarded-Proto", "https")
			}
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
		send("https://example.com/", false)
		send("http://localhost/", false)
		send("http://example.com/", true)
		want(t, "log without a reason to warn", log.String(), "")
		for range 3 {
			send("http://example.com/", false)
		}
		want(t, "warnings", strings.Count(log.String(), "browsers drop"), 1)
	})
}
