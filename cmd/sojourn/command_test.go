package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sojourn-go/session/seal"
)

func TestCommand_HelpAndVersionSucceed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		want []string
	}{
		{"help", []string{"usage: sojourn COMMAND", "demo", "help", "version"}},
		{"-h", []string{"usage: sojourn COMMAND"}},
		{"--help", []string{"usage: sojourn COMMAND"}},
		{"help demo", []string{
			"-addr", "127.0.0.1:8080", "-cached", "-replicas", "-idle", "-lifetime", "-insecure", "-rotate", "-limit", "-deny",
		}},
		{"demo -h", []string{"-addr"}},
		{"help version", []string{"sojourn version:"}},
		{"version", []string{"sojourn "}},
	} {
		code, stdout, stderr := execute(t, strings.Fields(c.args)...)
		if code != 0 || stderr != "" {
			t.Errorf("sojourn %s: exit code %d, standard error %q", c.args, code, stderr)
		}
		for _, text := range c.want {
			if !strings.Contains(stdout, text) {
				t.Errorf("sojourn %s: no %q in\n%s", c.args, text, stdout)
			}
		}
	}
}

func TestCommand_KeygenPrintsAnotherKeyEachTimeThatPackageSealReads(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 3 {
		code, stdout, stderr := execute(t, "keygen")
		key, err := seal.ParseKey(stdout)
		if code != 0 || stderr != "" || err != nil || strings.Count(stdout, "\n") != 1 {
			t.Fatalf("exit code %d, error %v, standard error %q", code, err, stderr)
		}
		if seen[key.ID()] {
			t.Error("the same key twice")
		}
		seen[key.ID()] = true
	}
}

func TestCommand_WrongUsageIsSaidInSentencesBeforeListening(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		want []string
	}{
		{"", []string{"usage: sojourn COMMAND"}},
		{"dmeo", []string{`sojourn: There is no command "dmeo".`, `"sojourn help"`}},
		{"help dmeo", []string{`There is no command "dmeo".`}},
		{"help demo version", []string{`"version"`}},
		{"version now", []string{`"now"`}},
		{"keygen now", []string{`"now"`}},
		{"demo now", []string{`"now"`, `"sojourn help demo"`}},
		{"demo -colour red", []string{"-colour"}},
		{"demo -idle soon", []string{"-idle", "soon"}},
		{"demo -idle -5s", []string{"-idle", "-5s", "or the word never"}},
		{"demo -lifetime 0s", []string{"-lifetime", "0s", "or the word never"}},
		{"demo -idle 1us", []string{"sojourn demo: Idle is 1µs"}},
		{"demo -idle 2h -lifetime 1h", []string{"Idle (2h0m0s) is longer than Lifetime (1h0m0s)"}},
		{"demo -store disk", []string{`-store: there is no store "disk", known are: memory, sealed, sqlite:PATH, bolt:PATH, redis://HOST:PORT, postgres://HOST/DATABASE, mysql://HOST/DATABASE.`}},
		{"demo -cached", []string{`-cached and -replicas: they are for -store redis, and -store is not given`}},
		{"demo -store memory -cached", []string{`-cached and -replicas: they are for -store redis, and -store is "memory"`}},
		{"demo -store sealed -replicas 1", []string{`they are for -store redis, and -store is "sealed"`}},
		{"demo -store memory -deny", []string{"-deny: it needs a -limit"}},
		{"demo -store sealed -rotate 5m -limit 2 -deny", []string{`-rotate, -limit and -deny: they are for sessions in a store, and -store is "sealed".`}},
		{"demo -rotate 59s", []string{"Rotate is 59s: it is a minute at least"}},
		{"demo -limit -1", []string{"Limit is -1: it is at least 1"}},
		{"demo -addr 8080", []string{`"8080" is not HOST:PORT`}},
		{"demo -insecure -addr 0.0.0.0:0", []string{"-insecure", "0.0.0.0:0 is not a loopback address"}},
		{"demo -insecure -addr :0", []string{"not a loopback address"}},
		{"demo -insecure -addr 192.0.2.1:80 -store x -idle 5us -lifetime 7us", []string{
			"not a loopback address", `no store "x"`, "Idle is 5µs", "Lifetime is 7µs",
		}},
	} {
		code, stdout, stderr := execute(t, strings.Fields(c.args)...)
		if code != 2 || stdout != "" {
			t.Errorf("sojourn %s: exit code %d, want 2; standard output %q, want none", c.args, code, stdout)
		}
		for _, text := range c.want {
			if !strings.Contains(stderr, text) {
				t.Errorf("sojourn %s: no %q in\n%s", c.args, text, stderr)
			}
		}
		if strings.Contains(stderr, ": session: ") || strings.Contains(stderr, "goroutine") {
			t.Errorf("sojourn %s does not speak to people:\n%s", c.args, stderr)
		}
	}
}

func TestCommand_APortThatIsTakenIsAFailureAndNoWrongUsage(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	code, stdout, stderr := execute(t, "demo", "-addr", ln.Addr().String())
	if code != 1 || stdout != "" || !strings.Contains(stderr, "address already in use") {
		t.Errorf("exit code %d, standard output %q, standard error %q", code, stdout, stderr)
	}
}

func TestCommand_ASignalIsACleanEnd(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			s := start(t)
			v := newVisitor(t, s.url)
			v.get("/").want(t, 200)
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close() // as browsers keep one in reserve
			s.stop(sig)
			if conn, err := net.Dial("tcp", conn.RemoteAddr().String()); err == nil {
				_ = conn.Close()
				t.Error("it still listens")
			}
		})
	}
}

func TestServe_ARequestUnderWayIsAnsweredAndKept(t *testing.T) {
	t.Parallel()
	v, s, st, _ := inside(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	s.mux.HandleFunc("GET /slow", func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		s.home(w, r)
	})
	ctx, stop := context.WithCancel(t.Context())
	out, line := io.Pipe()
	done := make(chan error)
	go func() {
		d := demoFlags{addr: "127.0.0.1:0"}
		done <- d.serve(ctx, s, st, s.log, streams{line, io.Discard})
	}()
	text, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	v.url = listening.FindStringSubmatch(text)[1]
	slow := make(chan struct{})
	go func() {
		defer close(slow)
		v.get("/slow").want(t, 200, counted(1))
	}()
	<-entered
	stop()
	close(leave)
	<-slow
	if err := <-done; err != nil {
		t.Errorf("serve: %v", err)
	}
}

func TestAddress_IsWhatABrowserCanOpen(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]string{
		"127.0.0.1:0":    "http://127.0.0.1:4711",
		"localhost:8080": "http://localhost:4711",
		"[::1]:0":        "http://[::1]:4711",
		":8080":          "http://localhost:4711",
		"0.0.0.0:0":      "http://localhost:4711",
		"[::]:0":         "http://localhost:4711",
	} {
		if got := address(asked, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}); got != want {
			t.Errorf("-addr %s is %s, want %s", asked, got, want)
		}
	}
}

func TestInsecure_IsTheWayOutThatIsPrinted(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.stop(syscall.SIGTERM)
	if !strings.Contains(s.stderr.String(), "sojourn demo -insecure") {
		t.Errorf("no way out for Safari in\n%s", s.stderr)
	}

	s = start(t, "-insecure")
	s.errs = true // of a host that is not this machine
	v := newVisitor(t, s.url)
	line := v.get("/").Header.Get("Set-Cookie")
	if !strings.HasPrefix(line, "session=") || strings.Contains(line, "Secure") || !strings.Contains(line, "HttpOnly") {
		t.Errorf("the cookie is %q", line)
	}
	v.get("/").want(t, 200, counted(2))
	v.get("/cookies").want(t, 200, "-insecure", "not shown")
	r := v.request("GET", "/", "")
	r.Host = "demo.example"
	v.do(r).want(t, 500, "Insecure", "demo.example")
	s.stop(syscall.SIGTERM)
	if strings.Contains(s.stderr.String(), "Safari") {
		t.Error("the way out is shown to who has taken it")
	}
}

func TestLog_HasEveryEventWithItsIDAndNeverAToken(t *testing.T) {
	t.Parallel()
	s := start(t)
	v := newVisitor(t, s.url)
	v.get("/")
	id := v.state("GET", "/api/session").ID
	v.signIn("Ann")
	for _, path := range []string{"/", "/session", "/cookies", "/api/session", "/nowhere?t=" + v.cookies["__Host-Http-session"]} {
		v.get(path)
	}
	v.get("/"+v.cookies["__Host-Http-session"]).want(t, 404) // in the path, by mistake
	v.post("/api/visit", "")
	late := v.request("GET", "/", "")
	v.signIn("Bob")
	v.do(late)
	v.post("/logout", "")
	v.get("/")
	s.stop(syscall.SIGTERM)
	log := s.stderr.String()
	for _, kind := range []string{"created", "logged-in", "superseded", "ended"} {
		if !strings.Contains(log, "session.kind="+kind+" session.id="+id) {
			t.Errorf("no event %s of %s in\n%s", kind, id, log)
		}
	}
	if len(v.tokens) != 4 {
		t.Errorf("%d tokens, want one a session and one a login: 4", len(v.tokens))
	}
	for _, token := range v.tokens {
		for where, text := range map[string]string{"log": log, "bodies": v.bodies.String()} {
			if secret := token[24:]; strings.Contains(text, secret) {
				t.Errorf("the %s hold a token's secret %s", where, secret)
			}
		}
	}
}

func TestCurl_SignsInCountsAndSignsOut(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	base, jar := start(t).url, filepath.Join(t.TempDir(), "jar")
	curl := func(want string, args ...string) {
		t.Helper()
		args = append([]string{"-sS", "-b", jar, "-c", jar}, args...)
		out, err := exec.CommandContext(t.Context(), "curl", args...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("curl %q: %v, no %q in\n%s", args, err, want, out)
		}
	}
	for _, host := range []string{base, strings.Replace(base, "127.0.0.1", "localhost", 1)} {
		curl(counted(1), host+"/")
		curl(counted(2), host+"/")
		curl("303 http", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", "-d", "name=Ann", host+"/login")
		curl("Good to see you, Ann.", host+"/")
		curl(`"visits":4`, "-X", "POST", host+"/api/visit")
		curl("Good to see you, Bob.", "-L", "-d", "name=Bob", host+"/login")
		curl("Welcome, stranger.", "-L", "-d", "", host+"/logout")
		curl(counted(2), host+"/")
	}
}
