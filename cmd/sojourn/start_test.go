package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The test binary is the command as well, so that what is tested is the
// process with its signals, streams and exit code, and under the race detector
// if the tests are.
const beCommand = "SOJOURN_TEST_COMMAND"

// cacheVariable says where the cache directory is, on most systems.
const cacheVariable = "XDG_CACHE_HOME"

func TestMain(m *testing.M) {
	if os.Getenv(beCommand) != "" {
		main()
	}
	os.Exit(awayFromHome(m.Run))
}

// awayFromHome runs the tests in a home of their own: what the command keeps by default
// must not be where the people keep theirs who run the tests.
func awayFromHome(run func() int) int {
	home, err := os.MkdirTemp("", "sojourn-home-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(home)
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", cacheVariable, "AppData", "LocalAppData"} {
		if err := os.Setenv(name, home); err != nil {
			panic(err)
		}
	}
	return run()
}

func sojourn(ctx context.Context, t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	// The race detector waits a second at the end of each process.
	cmd.Env = append(os.Environ(), beCommand+"=1", "GORACE=atexit_sleep_ms=0")
	if os.Getenv(cacheVariable) == os.Getenv("HOME") { // the test has not set its own
		cmd.Env = append(cmd.Env, cacheVariable+"="+t.TempDir())
	}
	return cmd
}

// execute runs the command to its end.
func execute(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := sojourn(ctx, t, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() < 0) {
		t.Fatalf("sojourn %q: %v\n%s", args, err, errs.String())
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// A server is a demo that runs in a process of its own.
type server struct {
	t      *testing.T
	cmd    *exec.Cmd
	url    string
	rest   chan string // what follows the first line of standard output
	stderr *buffer
	errs   bool // errors in the log are part of the test
	once   sync.Once
}

var listening = regexp.MustCompile(`^listening on (http://\S+)\n$`)

func start(t *testing.T, flags ...string) *server {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("not run: there is no SIGTERM to stop the demo with")
	}
	s := &server{t: t, rest: make(chan string, 1), stderr: &buffer{}}
	s.cmd = sojourn(context.Background(), t, append([]string{"demo", "-addr", "127.0.0.1:0"}, flags...)...)
	s.cmd.Stderr = s.stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop(syscall.SIGTERM) })
	r := bufio.NewReader(stdout)
	line, _ := r.ReadString('\n')
	go func() {
		rest, _ := io.ReadAll(r)
		s.rest <- string(rest)
	}()
	m := listening.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("the first line on standard output is %q, want listening on http://HOST:PORT\n%s", line, s.stderr)
	}
	s.url = m[1]
	return s
}

// stop sends a signal, and holds the demo to a clean end.
func (s *server) stop(sig os.Signal) {
	s.t.Helper()
	s.once.Do(func() {
		client.CloseIdleConnections() // those never used would be waited for
		killer := time.AfterFunc(time.Minute, func() { _ = s.cmd.Process.Kill() })
		defer killer.Stop()
		if err := s.cmd.Process.Signal(sig); err != nil {
			s.t.Errorf("signal: %v", err)
		}
		rest := <-s.rest
		if err := s.cmd.Wait(); err != nil {
			s.t.Errorf("after %v: %v, want exit code 0\n%s", sig, err, s.stderr)
		}
		if rest != "" {
			s.t.Errorf("more on standard output than the first line: %q", rest)
		}
		if log := s.stderr.String(); !s.errs && (strings.Contains(log, "level=ERROR") || strings.Contains(log, "panic")) {
			s.t.Errorf("an error was logged:\n%s", log)
		}
	})
}

// A buffer is a bytes.Buffer that may be read while it is written to.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// A visitor is a browser that takes cookies over http on this machine, Secure
// ones too, as Chromium and curl do, and net/http/cookiejar does not.
type visitor struct {
	t       *testing.T
	url     string
	client  *http.Client
	cookies map[string]string
	tokens  []string // all it was ever given
	bodies  strings.Builder
}

func newVisitor(t *testing.T, base string) *visitor {
	return &visitor{t: t, url: base, client: client, cookies: map[string]string{}}
}

var client = &http.Client{
	Transport:     &http.Transport{MaxIdleConnsPerHost: 200},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Timeout:       time.Minute,
}

func (v *visitor) request(method, path, body string) *http.Request {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

// page is a request as a browser sends it to show a page: for a form's, with the
// fields.
func (v *visitor) page(method, path, form string) *http.Request {
	v.t.Helper()
	r := v.request(method, path, form)
	r.Header.Set("Accept", "text/html,application/xhtml+xml")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	return r
}

// A reply is a response with its body read.
type reply struct {
	*http.Response
	body string
}

func (v *visitor) do(r *http.Request) reply {
	v.t.Helper()
	res, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
			continue
		}
		v.cookies[c.Name] = c.Value
		v.tokens = append(v.tokens, c.Value)
	}
	v.bodies.Write(body)
	return reply{res, string(body)}
}

func (v *visitor) get(path string) reply { v.t.Helper(); return v.do(v.request("GET", path, "")) }

func (v *visitor) post(path, form string) reply {
	v.t.Helper()
	return v.do(v.request("POST", path, form))
}

func (v *visitor) signIn(name string) reply {
	v.t.Helper()
	return v.post("/login", url.Values{"name": {name}}.Encode())
}

// want fails the test unless the answer has the status and the texts.
func (r reply) want(t *testing.T, status int, texts ...string) {
	t.Helper()
	if r.StatusCode != status {
		t.Errorf("%s %s: status %d, want %d", r.Request.Method, r.Request.URL.Path, r.StatusCode, status)
	}
	for _, text := range texts {
		if !strings.Contains(r.body, text) {
			t.Errorf("%s %s: no %q in\n%s", r.Request.Method, r.Request.URL.Path, text, r.body)
		}
	}
}
