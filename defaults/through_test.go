package defaults_test

import (
	"bufio"
	"bytes"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/defaults"
)

func TestAWebSocketUpgradesThroughAllOfIt(t *testing.T) {
	for name, config := range four {
		h := wrap(t, config(), func(w http.ResponseWriter, _ *http.Request) {
			conn, rw, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			defer conn.Close()
			_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
			line, _ := rw.ReadString('\n')
			_, _ = rw.WriteString(line)
			_ = rw.Flush()
		})
		server := httptest.NewServer(asTLS(h))
		defer server.Close()
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello\n")
		in := bufio.NewReader(conn)
		answer, err := http.ReadResponse(in, nil)
		if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("%s: %v, %v", name, answer, err)
		}
		if echo, _ := in.ReadString('\n'); echo != "hello\n" {
			t.Errorf("%s: got %q", name, echo)
		}
	}
}

// asTLS has h believe that there is TLS, where a test speaks bytes.
func asTLS(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.TLS = request(stranger, true, nil).TLS
		h.ServeHTTP(w, r)
	})
}

func TestTheResponseWriterIsTheServersOwnWithoutSessions(t *testing.T) {
	w := httptest.NewRecorder()
	wrap(t, defaults.SecureAPI(), func(got http.ResponseWriter, _ *http.Request) {
		if got != http.ResponseWriter(w) {
			t.Errorf("it is a %T", got)
		}
	}).ServeHTTP(w, request(proxy, true, nil))
}

func TestWhatIsFlushedArrivesBeforeTheEndWithTheHeaders(t *testing.T) {
	read := make(chan bool)
	base, client := over(t, wrap(t, defaults.SecureSite(), func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "first\n")
		_ = http.NewResponseController(w).Flush()
		<-read
	}), true)
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, base, nil)
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	line, _ := bufio.NewReader(answer.Body).ReadString('\n')
	close(read)
	if line != "first\n" {
		t.Errorf("got %q", line)
	}
	asPromised(t, "SecureSite", true, answer.Header)
}

// net/http removes the files of a multipart form of the request that it made.
func TestTheFilesOfAFormBehindAProxyAreRemoved(t *testing.T) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, _ := form.CreateFormFile("file", "a.txt")
	_, _ = file.Write(bytes.Repeat([]byte("x"), 1<<16))
	_ = form.Close()
	c := defaults.Site()
	c.Proxies.Trusted = prefixes("127.0.0.1/32")
	var name string
	server := httptest.NewServer(wrap(t, c, func(_ http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1); err != nil {
			t.Error(err)
			return
		}
		part, err := r.MultipartForm.File["file"][0].Open()
		if err != nil {
			t.Error(err)
			return
		}
		defer part.Close()
		name = part.(*os.File).Name()
	}))
	defer server.Close()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("X-Forwarded-For", "198.51.100.2")
	r.Header.Set("Origin", server.URL)
	if answer := do(t, server.Client(), r); answer.StatusCode != http.StatusOK || name == "" {
		t.Fatalf("got %d, file %q", answer.StatusCode, name)
	}
	server.Close() // and what it does after the answer
	if _, err := os.Stat(name); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", name, err)
	}
}

func TestAPatternIsVisibleOutsideEvenAfterAPanic(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(_ http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") == "0" {
			panic("no such item")
		}
	})
	for path, peer := range map[string]string{"/items/1": proxy, "/items/0": proxy, "/items/2": stranger} {
		r := request(peer, false, http.Header{"X-Forwarded-For": {"198.51.100.2"}})
		r.URL.Path = path
		func() {
			defer func() { _ = recover() }()
			wrap(t, behind(), mux.ServeHTTP).ServeHTTP(discard{}, r)
		}()
		if r.Pattern != "GET /items/{id}" {
			t.Errorf("%s from %s: the pattern is %q", path, peer, r.Pattern)
		}
	}
}

func TestAHeadersLinesBelongToOneAnswer(t *testing.T) {
	h := wrap(t, defaults.SecureSite(), func(w http.ResponseWriter, _ *http.Request) {
		for _, lines := range w.Header() {
			lines[0] += "!"
			_ = append(lines, "spoiled")
		}
	})
	for range 2 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request(stranger, true, nil))
		for name, lines := range w.Header() {
			if len(lines) != 1 || strings.Count(lines[0], "!") != 1 {
				t.Errorf("%s: %q", name, lines)
			}
		}
	}
}

// The lines lie side by side: what is added to one is not the next one's.
func TestALineThatAHandlerAddsIsThatOfItsHeaderAlone(t *testing.T) {
	c := defaults.SecureAPI()
	c.Headers = defaults.Headers{
		ContentTypeOptions: "nosniff", FrameOptions: "DENY", ReferrerPolicy: "origin", ContentSecurityPolicy: "default-src 'self'",
		PermissionsPolicy: "camera=()", CrossOriginOpenerPolicy: "same-origin",
	}
	plain := httptest.NewRecorder()
	wrap(t, c, func(http.ResponseWriter, *http.Request) {}).ServeHTTP(plain, request(stranger, true, nil))
	for name := range plain.Header() {
		w := httptest.NewRecorder()
		wrap(t, c, func(w http.ResponseWriter, _ *http.Request) { w.Header().Add(name, "more") }).ServeHTTP(w, request(stranger, true, nil))
		want := plain.Header().Clone()
		want.Add(name, "more")
		if !reflect.DeepEqual(w.Header(), want) {
			t.Errorf("%s: got %v, want %v", name, w.Header(), want)
		}
	}
}

func TestManyRequestsShareOneHandler(t *testing.T) {
	c := behind()
	c.HSTS = &defaults.HSTS{}
	base, client := over(t, wrap(t, c, func(_ http.ResponseWriter, r *http.Request) {
		if _, ok := session.Lookup(r.Context()); ok {
			t.Error("there is a session")
		}
	}), true)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, base, nil)
			answer, err := client.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Body.Close()
			if got := answer.Header.Get("Strict-Transport-Security"); got != hsts {
				t.Errorf("got %q", got)
			}
		})
	}
	wg.Wait()
}
