// Package sessiontest helps applications to test what they do with sessions.
//
// A [Site] is a manager under test, and a [Browser] is a visitor at it: one
// that comes with a session of the test's making, keeps the cookies of every
// answer, and shows what a handler has left in the session:
//
//	func TestAccount(t *testing.T) {
//		site := sessiontest.New(t, session.Options{})
//		ann := site.Browser(func(s *session.Session) { s.Login("ann") })
//
//		w := ann.Serve(account, ann.Request("POST", "/theme?is=dark", nil))
//		if w.Code != http.StatusOK {
//			t.Errorf("got status %d", w.Code)
//		}
//		ann.Read(func(s *session.Session) {
//			if got := theme.Get(s); got != "dark" {
//				t.Errorf("the theme is %q", got)
//			}
//		})
//	}
//
// When the test is over, a Site fails it if a change came too late for its
// response: see [Events.NothingLate].
//
// What production does once a month, a store can do on demand: [Failing] is
// one that is down, or whose answers get lost, and [Contested] is one in which
// another request has always written first, so that every function given to
// Update runs again.
//
// [Audit] fails a test when the configuration is not the one that was reviewed.
//
// Everything here stands on the public API of package session. Time is
// time.Now, so that under testing/synctest sessions expire at once:
//
//	synctest.Test(t, func(t *testing.T) {
//		ann := sessiontest.New(t, session.Options{}).Browser(signIn)
//		time.Sleep(31 * time.Minute)
//		...
//	})
package sessiontest
