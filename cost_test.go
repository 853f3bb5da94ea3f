package session_test

import (
	"net/http"
	"runtime"
	"testing"

	"github.com/sojourn-go/session"
)

type nowhere struct{ h http.Header }

func (w *nowhere) Header() http.Header         { return w.h }
func (w *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (w *nowhere) WriteHeader(int)             {}

// cost returns what one request costs in allocations and in bytes.
func cost(h http.Handler, r *http.Request) (allocs, bytes float64) {
	w := &nowhere{h: http.Header{}}
	serve := func() { clear(w.h); h.ServeHTTP(w, r) }
	allocs = testing.AllocsPerRun(1000, serve)
	bytes = 1 << 30
	for range 5 { // other goroutines allocate, too: the least is ours
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 1000 {
			serve()
		}
		runtime.ReadMemStats(&after)
		bytes = min(bytes, float64(after.TotalAlloc-before.TotalAlloc)/1000)
	}
	return allocs, bytes
}

func TestAn_untouched_request_costs_one_allocation_of_450_bytes_and_no_store_call(t *testing.T) {
	l := newLab(t, session.Options{})
	v := l.login("ann")
	l.loads.Store(0)
	h := l.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
	r, _ := http.NewRequest("GET", "https://example.com/", nil)
	for _, token := range []bool{false, true} {
		if token {
			r.AddCookie(v.cookie)
		}
		allocs, bytes := cost(h, r)
		if allocs > 1 || bytes > 450 {
			t.Errorf("with a token %v: got %v allocations, %v bytes", token, allocs, bytes)
		}
	}
	want(t, "loads", l.loads.Load(), 0)
}
