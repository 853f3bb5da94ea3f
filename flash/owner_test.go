package flash_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/flash"
	"github.com/sojourn-go/session/sessiontest"
)

func TestLoginKeepsTheMessagesOfNobodyAndOfTheSameOwnerAndDropsThoseOfAnother(t *testing.T) {
	everywhere(t, func(t *testing.T, site *sessiontest.Site) {
		for _, c := range []struct{ before, login, messages, title string }{
			{"", "ann", "1 2", "T"},
			{"ann", "ann", "1 2", "T"},
			{"bob", "ann", "2", ""},
		} {
			b := site.Browser(func(s *session.Session) {
				if c.before != "" {
					_ = s.Login(c.before)
				}
				flash.Add(s, "", "1")
				draft.Put(s, form{Title: "T"})
			})
			answers(b, b.Request("POST", "/login", nil), func(s *session.Session) {
				if err := s.Login(c.login); err != nil {
					t.Error(err)
				}
				flash.Add(s, "", "2")
			})
			what := c.before + " then " + c.login
			want(t, what, shows(t, b), c.messages)
			does(t, b, func(s *session.Session) {
				got, _ := draft.Get(s)
				want(t, what, got.Title, c.title)
			})
		}
	})
}

func TestWhatWasReadInASessionThatIsLeftIsForgotten(t *testing.T) {
	leave := map[string]func(*session.Session){
		"another's login": func(s *session.Session) { _ = s.Login("ann") },
		"the end":         (*session.Session).End,
		"the end, committed": func(s *session.Session) {
			s.End()
			a.Set(s, 1)
			_ = s.Commit(t.Context())
		},
	}
	for what, leave := range leave {
		everywhere(t, func(t *testing.T, site *sessiontest.Site) {
			for _, owner := range []string{"bob", ""} {
				if owner == "" && what == "another's login" {
					continue
				}
				b := site.Browser(func(s *session.Session) {
					if owner != "" {
						_ = s.Login(owner)
					}
					flash.Add(s, "", "of before")
					draft.Put(s, form{Title: "of before"})
				})
				answers(b, b.Request("POST", "/", nil), func(s *session.Session) {
					flash.Now(s, "", "now")
					want(t, what, read(s), "of before now")
					leave(s)
					flash.Now(s, "", "later")
					want(t, what, read(s), "now later")
					flash.Keep(s)
				})
				want(t, what, shows(t, b), "")
			}
		})
	}
}

func TestAValueThatWasReadInASessionThatIsLeftIsForgotten(t *testing.T) {
	everywhere(t, func(t *testing.T, site *sessiontest.Site) {
		b := site.Browser(func(s *session.Session) { _ = s.Login("bob"); draft.Put(s, form{Title: "of bob"}) })
		answers(b, b.Request("POST", "/", nil), func(s *session.Session) {
			got, _ := draft.Get(s)
			want(t, "bob's", got.Title, "of bob")
			_ = s.Login("ann")
			got, ok := draft.Get(s)
			want(t, "ann's", fmt.Sprint(got, ok), "{ } false")
		})
	})
}

func TestWhatWasReadByNobodyIsStillThereAfterALogin(t *testing.T) {
	everywhere(t, func(t *testing.T, site *sessiontest.Site) {
		for _, waits := range []bool{false, true} {
			b := site.Browser(nil)
			if waits {
				b.Change(func(s *session.Session) { flash.Add(s, "", "waited") })
			}
			answers(b, b.Request("POST", "/", nil), func(s *session.Session) {
				if !waits {
					flash.Add(s, "", "waited")
				}
				want(t, "at first", read(s), "waited")
				if err := errors.Join(s.Login("ann"), s.Commit(t.Context())); err != nil {
					t.Error(err)
				}
				want(t, "after the login", read(s), "waited")
				flash.Keep(s)
			})
			want(t, "kept", shows(t, b), "waited")
		}
	})
}

func TestWhatIsKeptDoesNotFollowIntoAnotherSession(t *testing.T) {
	everywhere(t, func(t *testing.T, site *sessiontest.Site) {
		b := site.Browser(func(s *session.Session) {
			_ = s.Login("bob")
			flash.Add(s, "", "of bob")
			draft.Put(s, form{Title: "of bob"})
		})
		answers(b, b.Request("POST", "/", nil), func(s *session.Session) {
			read(s)
			draft.Get(s)
			s.End()
			flash.Keep(s)
			flash.Add(s, "", "Bye.")
		})
		want(t, "after the end", shows(t, b), "Bye.")
		want(t, "the value", left(b, "_flash.draft"), "")
	})
}

func TestClearValuesDropsWhatWaits(t *testing.T) {
	everywhere(t, func(t *testing.T, site *sessiontest.Site) {
		b := site.Browser(say("1"))
		does(t, b, func(s *session.Session) { s.ClearValues(); flash.Add(s, "", "2") })
		want(t, "afterwards", shows(t, b), "2")
	})
}

func TestAPageThatReadsAcrossALogoutOrALoginIsRefused(t *testing.T) {
	for what, leave := range map[string]func(s *session.Session){
		"logout": (*session.Session).End, "login": func(s *session.Session) { _ = s.Login("ann") },
	} {
		b := sessiontest.New(t, session.Options{}).Browser(say("waits"))
		code := answers(b, b.Request("GET", "/", nil), func(s *session.Session) {
			read(s)
			answers(b, b.Request("POST", "/", nil), leave)
		})
		want(t, "a page across a "+what, code, http.StatusConflict)
	}
}
