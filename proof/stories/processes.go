package stories

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/store"
)

// Start starts the two processes, which go the way that is called so (see [Serve])
// to these URLs, and end with the test. Where the name of the way ends with
// "cached", its reads are.
func Start(t *testing.T, way string, urls [2]string) *Town {
	t.Helper()
	w := &Town{cached: strings.HasSuffix(way, "cached")}
	for i, url := range urls {
		w.sites[i] = startSite(t, way, url)
	}
	w.open(t)
	return w
}

// Share is Start within this process, for a database that one process has to
// itself: a manager upon each of the stores, which may be the same.
func Share(t *testing.T, stores [2]store.Store) *Town {
	t.Helper()
	w := &Town{}
	for i, st := range stores {
		s, err := newSite(st)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(s.routes())
		t.Cleanup(server.Close)
		w.sites[i] = server.URL
	}
	w.open(t)
	return w
}

func (w *Town) open(t *testing.T) {
	transport := &http.Transport{MaxIdleConnsPerHost: 250}
	w.http = &http.Client{Transport: transport, Timeout: 30 * time.Second}
	t.Cleanup(transport.CloseIdleConnections)
	t.Cleanup(func() { w.report(t) })
}

// startSite starts this binary once more, as a site, and returns its URL.
func startSite(t *testing.T, way, url string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), siteWay+"="+way, siteURL+"="+url)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close() // which tells it to end
		if err := cmd.Wait(); err != nil {
			t.Errorf("a process of the site: %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("a process of the site did not say where it is: %v", err)
	}
	return strings.TrimSpace(line)
}

// Refused wants a process that goes a way to a URL to end with an error.
func Refused(t *testing.T, way, url string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), siteWay+"="+way, siteURL+"="+url)
	out, err := cmd.CombinedOutput() // with no input it would end by itself
	if err == nil {
		t.Errorf("a process at %s was not refused: %s", url, out)
	}
	t.Logf("it says %s", out)
}
