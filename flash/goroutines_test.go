package flash_test

import (
	"sync"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/flash"
	"github.com/sojourn-go/session/sessiontest"
)

func TestManyGoroutinesOfOneRequestSayAndRead(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	ann := site.Browser(say("waited"))
	does(t, ann, func(s *session.Session) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { flash.Now(s, "", "now") })
			wg.Go(func() { flash.Add(s, "", "added") })
			wg.Go(func() { flash.Messages(s) })
			wg.Go(func() { draft.Put(s, form{}) })
			wg.Go(func() { draft.Get(s) })
		}
		wg.Wait()
		want(t, "messages", len(flash.Messages(s)), 17)
	})
	want(t, "the next request", shows(t, ann), "")
}

func TestManyGoroutinesOfAFirstRequestLoseNothing(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	for range 500 {
		does(t, site.Browser(nil), func(s *session.Session) {
			var wg sync.WaitGroup
			start := make(chan bool)
			for range 4 {
				wg.Go(func() { <-start; flash.Now(s, "", "now") })
				wg.Go(func() { <-start; flash.Add(s, "", "added") })
				wg.Go(func() { <-start; flash.Messages(s) })
			}
			close(start)
			wg.Wait()
			want(t, "messages", len(flash.Messages(s)), 8)
		})
	}
}

// Which goroutine is the first is settled within a few instructions: so often
// the race is run that it is lost now and then, if it can be.
func TestTheFirstWordsOfManyGoroutinesAreAllShown(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	r := site.Browser(nil).Request("GET", "/", nil)
	for range 20000 {
		s := site.Manager().Load(r)
		var wg sync.WaitGroup
		start := make(chan bool)
		for range 3 {
			wg.Go(func() { <-start; flash.Now(s, "", "now") })
		}
		close(start)
		wg.Wait()
		if got := len(flash.Messages(s)); got != 3 {
			t.Fatalf("%d messages of 3", got)
		}
	}
}
