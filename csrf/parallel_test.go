package csrf_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store/memstore"
)

// overlap has n requests of one browser make a token each, before any of them
// is committed, and returns the tokens in the order in which the browser got
// the answers.
func overlap(t *testing.T, site *sessiontest.Site, b *sessiontest.Browser, n int) []string {
	t.Helper()
	var made, all sync.WaitGroup
	made.Add(n)
	h := site.Manager().Handler(handle(func(s *session.Session, w http.ResponseWriter) {
		token, err := csrf.Token(s)
		if err != nil {
			t.Error(err)
		}
		made.Done()
		made.Wait()
		w.Write([]byte(token))
	}))
	answers := make(chan *httptest.ResponseRecorder, n)
	for range n {
		r := b.Request("GET", "/", nil)
		all.Go(func() { answers <- recorded(h, r) })
	}
	all.Wait()
	var tokens []string
	for range n {
		w := <-answers
		want(t, "a page", w.Code, 200)
		b.Keep(w.Result())
		tokens = append(tokens, w.Body.String())
	}
	return tokens
}

func TestPagesRenderedAtTheSameTimeBeforeThereIsASecretAllHaveFormsThatWork(t *testing.T) {
	for what, st := range map[string]func() *sessiontest.Site{
		"one process": func() *sessiontest.Site { return sessiontest.New(t, session.Options{}) },
		"another has always written first": func() *sessiontest.Site {
			return sessiontest.NewWithStore(t, sessiontest.Contested(memstore.New(memstore.Options{})), session.Options{})
		},
	} {
		t.Run(what, func(t *testing.T) {
			for _, n := range []int{2, 16} {
				site := st()
				ann := site.Browser(func(s *session.Session) { note.Set(s, "here") })
				for i, token := range overlap(t, site, ann, n) {
					if got := send(ann, token); got != 204 {
						t.Errorf("of %d pages at once, the form of number %d: %d", n, i, got)
					}
				}
			}
		})
	}
}

func TestOfMorePagesAtTheSameTimeSixteenWorkAndTheSecretsStayFew(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	ann := site.Browser(func(s *session.Session) { note.Set(s, "here") })
	tokens, alive := overlap(t, site, ann, 40), 0
	for _, token := range tokens {
		if send(ann, token) == 204 {
			alive++
		}
	}
	if alive != 16 {
		t.Errorf("%d forms work, want the last 16", alive)
	}
	ann.Read(func(s *session.Session) {
		for name, value := range s.All() {
			if name == "_csrf" && len(value) > 16*16*4/3+8 {
				t.Errorf("the secrets take %d bytes", len(value))
			}
		}
	})
}

// A browser that comes without a session, to two pages at once, is given two
// sessions, and keeps the cookie of one. With a sealed session it is the same,
// whether there was one before or not. Then one form works, and the other is
// refused: nothing that this browser has is of that page.
func TestOfPagesOpenedAtTheSameTimeWithoutASessionTheBrowserKeepsOne(t *testing.T) {
	stored, sealed := sessiontest.New(t, session.Options{}), sealedSite(t)
	for what, at := range map[string]struct {
		site *sessiontest.Site
		b    *sessiontest.Browser
	}{
		"stored":                    {stored, stored.Browser(nil)},
		"sealed":                    {sealed, sealed.Browser(nil)},
		"sealed, there was one":     {sealed, sealed.Browser(func(s *session.Session) { note.Set(s, "here") })},
		"sealed, it had been given": {sealed, sealed.Browser(func(s *session.Session) { csrf.Token(s) })},
	} {
		t.Run(what, func(t *testing.T) {
			tokens := overlap(t, at.site, at.b, 2)
			first := 403
			if what == "sealed, it had been given" {
				first = 204
			}
			want(t, "the form of the first answer", send(at.b, tokens[0]), first)
			want(t, "the form of the last answer", send(at.b, tokens[1]), 204)
		})
	}
}

// What a current browser sends says where the form is from, and so both work.
func TestWithSecFetchSiteOrOriginBothFormsWorkWhateverTheirTokens(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	b, p := site.Browser(nil), protect(t, csrf.Options{})
	for _, token := range overlap(t, site, b, 2) {
		for name, value := range map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "https://localhost"} {
			r := form(b, token)
			r.Header.Set(name, value)
			want(t, name, b.Serve(p.Handler(done), r).Code, 204)
		}
	}
}

func TestGoroutinesOfOneRequestGetTokensThatWork(t *testing.T) {
	everyKind(t, func(t *testing.T, site *sessiontest.Site) {
		b := site.Browser(nil)
		tokens := make([]string, 8)
		b.Serve(handle(func(s *session.Session, _ http.ResponseWriter) {
			var all sync.WaitGroup
			for i := range tokens {
				all.Go(func() { tokens[i], _ = csrf.Token(s) })
			}
			all.Wait()
		}), b.Request("GET", "/", nil))
		for _, token := range tokens {
			want(t, "a form of the page", send(b, token), 204)
		}
	})
}
