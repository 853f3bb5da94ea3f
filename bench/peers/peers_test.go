package peers_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/sojourn-go/session/bench/peers"
)

func TestEverySubjectAnswersEveryWorkloadRight(t *testing.T) {
	for _, s := range peers.Subjects() {
		for _, w := range peers.Workloads() {
			t.Run(s.Name+"/"+w.Letter, func(t *testing.T) {
				visit, err := peers.Start(s, w)
				if errors.Is(err, peers.ErrNone) {
					return // the table of results says so
				}
				if err != nil {
					t.Fatal(err)
				}
				for range 20 {
					if err := visit(); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}

// The workloads say nothing of each other; this is one browser's way through
// all of them.
func TestABrowserFindsWhatItLeft(t *testing.T) {
	for _, s := range peers.Subjects() {
		t.Run(s.Name, func(t *testing.T) {
			for _, sign := range []peers.Action{peers.SignIn, peers.SignIn30} {
				site, err := s.Open()
				if err != nil {
					t.Fatal(err)
				}
				if site.Visitor(sign, false) == nil {
					continue
				}
				expect(t, site, sign, 0, true)
				expect(t, site, peers.Untouched, 0, s.Chatty)
				expect(t, site, peers.Read, peers.FirstCount, s.Chatty)
				expect(t, site, peers.ReadText, int64(len(peers.UserName)), s.Chatty)
				expectNext(t, site, peers.Count, peers.FirstCount+1)
				expectNext(t, site, peers.Count, peers.FirstCount+2)
				expectNext(t, site, peers.Renew, 0)
				expect(t, site, peers.Read, peers.FirstCount+2, s.Chatty)
			}
		})
	}
}

func TestANewSessionHoldsTheUsersID(t *testing.T) {
	for _, s := range peers.Subjects() {
		t.Run(s.Name, func(t *testing.T) {
			site, err := s.Open()
			if err != nil {
				t.Fatal(err)
			}
			expect(t, site, peers.New, 0, true)
			expect(t, site, peers.ReadUser, peers.UserID, s.Chatty)
		})
	}
}

func TestAStrangerWhoDidNothingGetsNoCookieButFromFiber(t *testing.T) {
	for _, s := range peers.Subjects() {
		site, err := s.Open()
		if err != nil {
			t.Fatal(err)
		}
		a, err := site.Visitor(peers.Untouched, true)()
		if err != nil || a.Set != (s.Name == "fiber") {
			t.Errorf("%s: got a cookie: %v, error %v", s.Name, a.Set, err)
		}
	}
}

func TestARenewedTokenIsAnotherOne(t *testing.T) {
	for _, s := range peers.Subjects() {
		site, err := s.Open()
		if err != nil {
			t.Fatal(err)
		}
		renew := site.Visitor(peers.Renew, false)
		if renew == nil {
			continue
		}
		expect(t, site, peers.SignIn, 0, true)
		for range 3 {
			if a, err := renew(); err != nil || !a.Other {
				t.Errorf("%s: got the same token, error %v", s.Name, err)
			}
		}
		expect(t, site, peers.Read, peers.FirstCount, s.Chatty)
	}
}

// expect makes one visit, and looks at its value and whether it set a cookie.
func expect(t *testing.T, site peers.Site, a peers.Action, value int64, set bool) {
	t.Helper()
	got, err := site.Visitor(a, false)()
	if err != nil || got.Value != value || got.Set != set {
		t.Errorf("action %v: got %+v, error %v; want value %d and a cookie: %v", a, got, err, value, set)
	}
}

// expectNext makes one visit that may or may not set a cookie.
func expectNext(t *testing.T, site peers.Site, a peers.Action, value int64) {
	t.Helper()
	visit := site.Visitor(a, false)
	if visit == nil {
		return
	}
	if got, err := visit(); err != nil || got.Value != value {
		t.Errorf("action %v: got %+v, error %v; want value %d", a, got, err, value)
	}
}

// BenchmarkRequest is for a look by hand, as in
//
//	go test ./peers -bench 'Request/workload=c' -count 10
//
// The command of this module interleaves the subjects, and is what to quote.
func BenchmarkRequest(b *testing.B) {
	for _, w := range peers.Workloads() {
		for _, s := range peers.Subjects() {
			b.Run(fmt.Sprintf("workload=%s/subject=%s", w.Letter, s.Name), func(b *testing.B) {
				visit, err := peers.Start(s, w)
				if errors.Is(err, peers.ErrNone) {
					b.Skip("not run: the library has no such operation")
				}
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if err := visit(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
