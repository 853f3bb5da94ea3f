package flash_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/flash"
	"github.com/sojourn-go/session/sessiontest"
)

// What waits takes so many bytes, and the brackets around it.
const most = 1000 + len("[]")

func TestWhatNobodyReadsDoesNotGrow(t *testing.T) {
	everywhere(t, func(t *testing.T, site *sessiontest.Site) {
		ann := site.Browser(nil)
		for i := range 100 {
			does(t, ann, say(fmt.Sprintf("message %03d", i)))
		}
		if n := len(left(ann, "_flash")); n > most || n < most-60 {
			t.Errorf("what waits takes %d bytes, want nearly %d", n, most)
		}
		does(t, ann, func(s *session.Session) {
			all := flash.Messages(s)
			for i, m := range all {
				want(t, "the newest, in order", m.Text, fmt.Sprintf("message %03d", 100-len(all)+i))
			}
			if len(all) < 20 {
				t.Errorf("%d messages waited, want some twenty at least", len(all))
			}
		})
	})
}

func TestALongMessageIsCutAndDropsTheOldest(t *testing.T) {
	everywhere(t, func(t *testing.T, site *sessiontest.Site) {
		ann := site.Browser(func(s *session.Session) {
			flash.Add(s, strings.Repeat("k", 64), strings.Repeat("t", 500)) // not cut
			flash.Add(s, strings.Repeat("K", 65), strings.Repeat("ü", 251))
		})
		does(t, ann, func(s *session.Session) {
			all := flash.Messages(s)
			if len(all) != 1 {
				t.Fatalf("%d messages waited, want 1: two of the longest do not fit", len(all))
			}
			want(t, "the kind", all[0].Kind, strings.Repeat("K", 64)+"…")
			want(t, "the text", all[0].Text, strings.Repeat("ü", 250)+"…")
			flash.Add(s, strings.Repeat("k", 64), strings.Repeat("t", 500))
			want(t, "as long as may be", len(flash.Messages(s)[1].Text), 500)
		})
	})
}

func TestANowIsNotCut(t *testing.T) {
	does(t, sessiontest.New(t, session.Options{}).Browser(nil), func(s *session.Session) {
		flash.Now(s, "", strings.Repeat("t", 5000))
		want(t, "bytes", len(read(s)), 5000)
	})
}

// A text of a stranger's ("no such file: ...") may be as long as it likes: a page
// fails only where the session has no room left for what may wait.
func TestAPageFailsForAMessageOnlyWhereTheSessionHasNoRoomForIt(t *testing.T) {
	beside := session.NewKey[string]("beside")
	for _, c := range []struct {
		what   string
		site   *sessiontest.Site
		beside int // bytes of other values
		status int
	}{
		{"sealed", newSealed(t, session.Options{}), 1500, 200},
		{"sealed, and too much beside", newSealed(t, session.Options{}), 1900, 500},
		{"a small MaxRecord", sessiontest.New(t, session.Options{MaxRecord: 1500}), 0, 200},
		{"a MaxRecord below the bound", sessiontest.New(t, session.Options{MaxRecord: 1000}), 0, 500},
	} {
		ann := c.site.Browser(func(s *session.Session) {
			_ = s.Login("ann")
			beside.Set(s, strings.Repeat("x", c.beside))
		})
		code := answers(ann, ann.Request("POST", "/", nil), func(s *session.Session) {
			for range 20 {
				flash.Add(s, "error", strings.Repeat("a", 400))
				flash.Add(s, "error", "short")
			}
		})
		want(t, c.what, code, c.status)
	}
}

// A page with a text of a stranger's must not fail where nothing else is.
func FuzzAdd(f *testing.F) {
	f.Add("success", "Saved.", 3)
	f.Add("", strings.Repeat("\x00", 3000), 2)
	f.Add("\xff", strings.Repeat("\u2028", 900)+"\"\\<&>", 60)
	f.Add(strings.Repeat("\"", 100), strings.Repeat("\xff\x00", 1000)+"\ufffd", 2)
	f.Add("k", strings.Repeat("𝄞", 251), 2)
	f.Add("", strings.Repeat("\\", 499), 2)
	f.Add("", strings.Repeat("\xff ", 60), 20)
	f.Fuzz(func(t *testing.T, kind, text string, n int) {
		if n < 1 || n > 100 {
			return
		}
		for _, site := range []*sessiontest.Site{sessiontest.New(t, session.Options{}), newSealed(t, session.Options{})} {
			ann := site.Browser(nil)
			code := answers(ann, ann.Request("POST", "/", nil), func(s *session.Session) {
				for range n {
					flash.Add(s, kind, text)
				}
			})
			want(t, "status", code, http.StatusOK)
			if got := len(left(ann, "_flash")); got > most {
				t.Errorf("what waits takes %d bytes, want at most %d", got, most)
			}
			does(t, ann, func(s *session.Session) {
				all := flash.Messages(s)
				if len(all) == 0 || len(all) > n {
					t.Fatalf("%d messages waited of %d", len(all), n)
				}
				if m := all[len(all)-1]; !utf8.ValidString(m.Text) || !utf8.ValidString(m.Kind) ||
					utf8.ValidString(text) && !strings.HasPrefix(text, strings.TrimSuffix(m.Text, "…")) ||
					utf8.ValidString(text) && len(text) <= 500/6 && m.Text != text {
					t.Errorf("got %q %q of %q %q", m.Kind, m.Text, kind, text)
				}
			})
		}
	})
}
