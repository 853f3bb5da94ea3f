package flash_test

import (
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"weak"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/flash"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store/memstore"
)

func TestAMessageWaitsForTheNextReadingAndIsShownOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, site *sessiontest.Site) {
		ann := site.Browser(nil)
		does(t, ann, func(s *session.Session) {
			flash.Add(s, "success", "Saved.")
			flash.Add(s, "error", "<b>")
		})
		does(t, ann, func(s *session.Session) { a.Set(s, 1) })
		want(t, "the reading", shows(t, ann), "success:Saved. error:<b>")
		want(t, "the next one", shows(t, ann), "")
		does(t, ann, say("third"))
		want(t, "a later one", shows(t, ann), "third")
	})
}

func TestReadingAgainInARequestGivesTheSameAndWhatHasComeSince(t *testing.T) {
	everywhere(t, func(t *testing.T, site *sessiontest.Site) {
		ann := site.Browser(say("1"))
		does(t, ann, func(s *session.Session) {
			want(t, "first", read(s), "1")
			want(t, "again", read(s), "1")
			flash.Add(s, "", "2")
			flash.Now(s, "", "3")
			want(t, "with what has come", read(s), "1 2 3")
			flash.Messages(s)[0].Text = "changed"
			want(t, "the slice is the caller's", read(s), "1 2 3")
		})
		want(t, "the next request", shows(t, ann), "")
	})
}

func TestAMessageAddedMeanwhileStays(t *testing.T) {
	for _, strict := range []bool{false, true} {
		site := sessiontest.New(t, session.Options{Strict: strict})
		ann := site.Browser(say("shown"))
		does(t, ann, func(s *session.Session) {
			want(t, "the reading", read(s), "shown")
			does(t, ann, say("meanwhile"))
		})
		want(t, "the next reading", shows(t, ann), "meanwhile")
		want(t, "events of anything lost", len(kinds(site)), 0)
	}
}

func TestOfTwoReadingsAtOnceBothShowAMessageAndThenItIsGone(t *testing.T) {
	for _, strict := range []bool{false, true} {
		site := sessiontest.New(t, session.Options{Strict: strict})
		ann := site.Browser(say("1", "2"))
		does(t, ann, func(s *session.Session) {
			want(t, "the first to read", read(s), "1 2")
			want(t, "the first to commit", shows(t, ann), "1 2")
		})
		want(t, "afterwards", shows(t, ann), "")
		want(t, "events of anything lost", len(kinds(site)), 0)
	}
}

func TestMessagesAddedAtOnceAllWait(t *testing.T) {
	site := sessiontest.NewWithStore(t, sessiontest.Contested(memstore.New(memstore.Options{})), session.Options{})
	ann := site.Browser(func(s *session.Session) { a.Set(s, 1) })
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() { answers(ann, ann.Request("POST", "/", nil), say(fmt.Sprint(i))) })
	}
	wg.Wait()
	does(t, ann, func(s *session.Session) {
		seen := map[string]bool{}
		for _, m := range flash.Messages(s) {
			seen[m.Text] = true
		}
		want(t, "different messages", len(seen), 20)
	})
}

func TestARequestThatDoesNotReadTakesNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, site *sessiontest.Site) {
		ann := site.Browser(say("waits"))
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS"} {
			answers(ann, ann.Request(method, "/favicon.ico", nil), func(s *session.Session) { a.Get(s) })
			answers(ann, ann.Request(method, "/", nil), func(s *session.Session) {
				a.Update(s, func(n int) int { return n + 1 })
			})
		}
		want(t, "the reading", shows(t, ann), "waits")
	})
}

func TestAnAnswerThatNobodyMaySeeKeepsWhatItReads(t *testing.T) {
	everywhere(t, func(t *testing.T, site *sessiontest.Site) {
		ann := site.Browser(func(s *session.Session) { flash.Add(s, "", "waits"); draft.Put(s, form{Title: "T"}) })
		before := left(ann, "_flash")
		for _, ahead := range []struct{ method, header, value string }{
			{"HEAD", "Accept", "*/*"},
			{"GET", "Sec-Purpose", "prefetch"},
			{"GET", "Sec-Purpose", "prefetch;prerender"},
			{"GET", "Purpose", "prefetch"},
		} {
			r := ann.Request(ahead.method, "/", nil)
			r.Header.Set(ahead.header, ahead.value)
			answers(ann, r, func(s *session.Session) {
				want(t, fmt.Sprint(ahead), read(s), "waits")
				got, ok := draft.Get(s)
				want(t, fmt.Sprint(ahead), fmt.Sprint(got, ok), "{T } true")
			})
		}
		want(t, "what waits", left(ann, "_flash"), before)
		r := ann.Request("GET", "/", nil)
		r.Header.Set("Sec-Purpose", "sale")
		answers(ann, r, func(s *session.Session) { want(t, "an ordinary request", read(s), "waits") })
		want(t, "the next one", shows(t, ann), "")
	})
}

func TestHandlerWithoutASessionPassesRequestsOn(t *testing.T) {
	r, _ := http.NewRequestWithContext(t.Context(), "HEAD", "/", nil)
	served := false
	flash.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served = true })).ServeHTTP(nil, r)
	want(t, "served", served, true)
}

func TestReadingWhereNothingWaitsWritesNothing(t *testing.T) {
	st := newCounted()
	site := sessiontest.NewWithStore(t, st, session.Options{})
	nothing := func(s *session.Session) {
		want(t, "messages", read(s), "")
		_, ok := draft.Get(s)
		want(t, "a value", ok, false)
		flash.Keep(s)
	}
	does(t, site.Browser(nil), nothing)
	want(t, "loads for a visitor without a session", st.loads.Load(), 0)
	want(t, "saves for a visitor without a session", st.saves.Load(), 0)

	ann := site.Browser(func(s *session.Session) { a.Set(s, 1) })
	st.saves.Store(0)
	does(t, ann, nothing)
	want(t, "saves for a visitor with one", st.saves.Load(), 0)

	ann.Change(say("read"))
	shows(t, ann)
	st.saves.Store(0)
	does(t, ann, nothing)
	want(t, "saves where messages were read before", st.saves.Load(), 0)
	want(t, "what is left of them", left(ann, "_flash"), "[]")

	ann.Change(func(s *session.Session) { flash.Add(s, "", "kept"); draft.Put(s, form{Title: "T"}) })
	st.saves.Store(0)
	answers(ann, ann.Request("HEAD", "/", nil), func(s *session.Session) {
		want(t, "messages", read(s), "kept")
		draft.Get(s)
		flash.Keep(s)
	})
	want(t, "saves for what is kept", st.saves.Load(), 0)
}

func TestReadingWhereNothingWaitsAllocatesNothing(t *testing.T) {
	m, err := session.New(memstore.New(memstore.Options{}), session.Options{}) // an observer would have it note more
	if err != nil {
		t.Fatal(err)
	}
	site := sessiontest.NewWithManager(t, m)
	for name, b := range map[string]*sessiontest.Browser{
		"without a session": site.Browser(nil),
		"with a session":    site.Browser(func(s *session.Session) { a.Set(s, 1) }),
	} {
		r := b.Request("GET", "/", nil)
		run := func(f func(s *session.Session)) float64 {
			return testing.AllocsPerRun(100, func() {
				s := m.Load(r)
				a.Get(s)
				f(s)
			})
		}
		alone := run(func(*session.Session) {})
		want(t, name+": messages", run(func(s *session.Session) { flash.Messages(s) })-alone, 0)
		want(t, name+": a value", run(func(s *session.Session) { draft.Get(s) })-alone, 0)
	}
}

func TestNothingOfARequestStaysBehind(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	var gone weak.Pointer[session.Session]
	does(t, site.Browser(nil), func(s *session.Session) {
		flash.Now(s, "", "now")
		gone = weak.Make(s)
	})
	runtime.GC()
	if gone.Value() != nil {
		t.Error("the session of a request that is over is still held")
	}
}

func TestWhatIsSaidAndReadInOneRequestBeginsNoSession(t *testing.T) {
	st := newCounted()
	for name, site := range map[string]*sessiontest.Site{
		"stored": sessiontest.NewWithStore(t, st, session.Options{}), "sealed": newSealed(t, session.Options{}),
	} {
		ann := site.Browser(nil)
		does(t, ann, func(s *session.Session) {
			flash.Add(s, "", "1")
			want(t, name, read(s), "1")
			flash.Add(s, "", "2")
			flash.Now(s, "", "3")
			draft.Put(s, form{Title: "T"})
			got, _ := draft.Get(s)
			want(t, name, got.Title, "T")
			want(t, name, read(s), "1 2 3")
		})
		want(t, name+": cookies", len(ann.Request("GET", "/", nil).Cookies()), 0)
	}
	want(t, "loads", st.loads.Load(), 0)
	want(t, "saves", st.saves.Load(), 0)
}

func TestAPageWhoseCommitFailsShowsNothingAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := sessiontest.Failing(memstore.New(memstore.Options{}))
		site := sessiontest.NewWithStore(t, st, session.Options{})
		ann := site.Browser(func(s *session.Session) { flash.Add(s, "", "waits"); draft.Put(s, form{Title: "T"}) })
		st.Break(sessiontest.Saves)
		w := ann.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			got, _ := draft.Get(s)
			fmt.Fprint(w, read(s), got.Title)
		}), ann.Request("GET", "/", nil))
		want(t, "the answer", fmt.Sprint(w.Code, " ", w.Body), "503 Service Unavailable\n")
		st.Repair()
		want(t, "the next page", shows(t, ann), "waits")
		does(t, ann, func(s *session.Session) {
			got, _ := draft.Get(s)
			want(t, "the value", got.Title, "T")
		})
	})
}

func TestNowIsForThisRequestOnly(t *testing.T) {
	everywhere(t, func(t *testing.T, site *sessiontest.Site) {
		ann := site.Browser(say("waited"))
		does(t, ann, func(s *session.Session) {
			flash.Now(s, "error", "now")
			flash.Add(s, "", "added")
			want(t, "this request", read(s), "waited added error:now")
			flash.Keep(s)
		})
		does(t, ann, func(s *session.Session) { flash.Now(s, "", "unread") })
		want(t, "the next reading", shows(t, ann), "waited added")
		want(t, "the one after", shows(t, ann), "")
	})
	st := newCounted()
	does(t, sessiontest.NewWithStore(t, st, session.Options{}).Browser(nil), func(s *session.Session) {
		flash.Now(s, "", "1")
		want(t, "for a visitor without a session", read(s), "1")
	})
	want(t, "calls of the store", st.loads.Load()+st.saves.Load(), 0)
}
