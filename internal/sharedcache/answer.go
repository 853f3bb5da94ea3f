package sharedcache

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An answer is a whole response.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// A recorder is where the handler behind writes to.
type recorder struct {
	header http.Header
	status int         // 0: not begun
	sent   http.Header // the header as it was then
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 { // informational answers go no further
		w.status, w.sent = status, w.header.Clone()
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

func (w *recorder) answer() answer {
	w.WriteHeader(http.StatusOK)
	return answer{w.status, w.sent, w.body.Bytes()}
}

// endToEnd removes what is between two neighbours only (section 3.1).
func endToEnd(h http.Header) {
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range []string{
		"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Transfer-Encoding", "Upgrade",
		"Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
	} {
		delete(h, name)
	}
}

// send sends the answer, or a 304 in its place if that is what the client
// asked for (section 4.3.2). how says where it came from.
func (a answer) send(w http.ResponseWriter, r *http.Request, how string) {
	h := w.Header()
	maps.Copy(h, a.header.Clone())
	h.Add("Cache-Status", "sharedcache; "+how)
	if fetches(r) && a.status == http.StatusOK && a.unmodified(r) {
		for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding"} {
			delete(h, name)
		}
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead && a.status != http.StatusNotModified && a.status != http.StatusNoContent {
		w.Write(a.body) // a client that went away is its own affair
	}
}

// unmodified reports whether the client's conditions say that it has the
// answer already (RFC 9110, sections 13.1.2 and 13.1.3).
func (a answer) unmodified(r *http.Request) bool {
	if lines := r.Header["If-None-Match"]; len(lines) > 0 {
		tag := a.header.Get("Etag")
		return slices.ContainsFunc(list(lines), func(t string) bool { return t == "*" || weaklyEqual(t, tag) })
	}
	since, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	if err != nil {
		return false
	}
	modified, err := http.ParseTime(a.header.Get("Last-Modified"))
	return err == nil && !modified.After(since)
}

// aged is the answer with its Age (section 5.1); one that has just come from
// the origin, and has not been on its way, carries none.
func (e *entry) aged(now time.Time) answer {
	a := e.answer
	if age := e.age(now); age >= time.Second {
		a.header = a.header.Clone()
		a.header.Set("Age", strconv.FormatInt(int64(age/time.Second), 10))
	}
	return a
}

// weaklyEqual compares entity tags as If-None-Match does (RFC 9110, section
// 8.8.3.2). An empty one equals nothing.
func weaklyEqual(a, b string) bool {
	return a != "" && strings.TrimPrefix(a, "W/") == strings.TrimPrefix(b, "W/")
}

// list returns the members of a field that is a list.
func list(lines []string) (members []string) {
	for _, line := range lines {
		for member := range strings.SplitSeq(line, ",") {
			if member = strings.TrimSpace(member); member != "" {
				members = append(members, member)
			}
		}
	}
	return members
}
