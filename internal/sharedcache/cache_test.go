package sharedcache_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/internal/sharedcache"
)

const (
	hit         = "hit"
	miss        = "fwd=miss"
	stored      = "fwd=miss; stored"
	stale       = "fwd=stale; stored"
	revalidated = "fwd=stale; fwd-status=304; stored"
	passed      = "fwd=method"
)

// Section 3, with what it refers to: 3.5 (Authorization), 5.2.1.5 and 5.2.2
// (directives), 7.3 (Set-Cookie), and RFC 9110, 15.1 (statuses).
func TestAResponseIsStoredIfSection3AllowsItAndOnlyThen(t *testing.T) {
	for _, c := range []struct {
		status         int
		answer, asking string // fields, " | " between them
		want           string
	}{
		{200, "Cache-Control: max-age=60", "", hit},
		{200, "Cache-Control: s-maxage=60, max-age=0", "", hit},
		{200, "Cache-Control: MAX-AGE=\"60\"", "", hit},
		{200, "Cache-Control: max-age=60 | Set-Cookie: a=b", "", hit}, // section 7.3
		{200, "Cache-Control: public, max-age=60 | Set-Cookie: a=b", "", hit},
		{200, "Cache-Control: max-age=60", "Cookie: a=b", hit},
		{200, "Cache-Control: max-age=60 | Vary: Cookie", "Cookie: a=b", hit},
		{404, "Cache-Control: max-age=60", "", hit},
		{302, "Expires: Fri, 01 Jan 2100 00:00:00 GMT", "", hit},
		{302, "Cache-Control: max-age=60", "", hit},
		{503, "Cache-Control: max-age=60", "", hit},
		{200, "Cache-Control: no-store", "", miss},
		{200, "Cache-Control: max-age=60, No-Store", "", miss},
		{200, "Cache-Control: max-age=60 | Cache-Control: no-store", "", miss},
		{200, "Cache-Control: max-age=60, no-store, must-understand", "", hit}, // section 5.2.2.3
		{599, "Cache-Control: max-age=60, must-understand", "", miss},
		{200, "Cache-Control: private, max-age=60", "", miss},
		{200, "Cache-Control: private=\"Set-Cookie, X\", max-age=60", "", miss},
		{200, "Cache-Control: ext=\"private, no-store\", max-age=60", "", hit},
		{200, "Cache-Control: max-age=60", "Cache-Control: no-store", miss},
		{200, "Cache-Control: max-age=60", "Authorization: Basic eDp5", miss},
		{200, "Cache-Control: max-age=60, public", "Authorization: Basic eDp5", hit},
		{200, "Cache-Control: s-maxage=60", "Authorization: Basic eDp5", hit},
		{200, "Cache-Control: max-age=60, must-revalidate", "Authorization: Basic eDp5", hit},
		{200, "Cache-Control: max-age=60 | Vary: *", "", miss},
		{200, "Cache-Control: max-age=60 | Vary: Accept, *", "", miss},
		{206, "Cache-Control: max-age=60", "", miss},
		{302, "", "", miss},
		{302, "Last-Modified: Sat, 01 Jan 2000 00:00:00 GMT", "", miss},
		{500, "", "", miss},
	} {
		t.Run(fmt.Sprint(c.status, " ", c.answer, " to ", c.asking), func(t *testing.T) {
			in(t, sharedcache.Options{}, func(s *scene) {
				s.says(c.status, fields(c.answer)...)
				first := stored
				if c.want == miss {
					first = miss
				}
				want(t, "the first", body(t, s.gets(first, "/", fields(c.asking)...)), "page 1")
				res := s.gets(c.want, "/", fields(c.asking)...)
				want(t, "page", body(t, res), map[string]string{hit: "page 1", miss: "page 2"}[c.want])
				want(t, "status", res.StatusCode, c.status)
				want(t, "Set-Cookie", res.Header.Get("Set-Cookie"), s.header.Get("Set-Cookie"))
			})
		})
	}
}

func fields(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, " | ")
}

// Sections 4.2.1 to 4.2.3. In the bubble it is the beginning of 2000.
func TestAStoredResponseIsServedAsLongAsItIsFresh(t *testing.T) {
	for _, c := range []struct {
		answer string
		fresh  time.Duration
	}{
		{"Cache-Control: max-age=60", time.Minute},
		{"Cache-Control: s-maxage=60, max-age=600", time.Minute},
		{"Cache-Control: max-age=60, max-age=600", time.Minute},
		{"Cache-Control: max-age=60 | Expires: Sat, 01 Jan 2000 01:00:00 GMT", time.Minute},
		{"Cache-Control: max-age=60 | Age: 20", 40 * time.Second},
		{"Cache-Control: max-age=60 | Date: Fri, 31 Dec 1999 23:59:40 GMT", 40 * time.Second},
		{"Expires: Sat, 01 Jan 2000 01:00:00 GMT", time.Hour},
		{"Expires: Sat, 01 Jan 2000 01:00:00 GMT | Date: Fri, 31 Dec 1999 23:00:00 GMT", time.Hour}, // of two, one is over
		{"Last-Modified: Fri, 31 Dec 1999 14:00:00 GMT", time.Hour},
		{"Cache-Control: public | Last-Modified: Fri, 31 Dec 1999 14:00:00 GMT", time.Hour},
		{"Cache-Control: max-age=99999999999999999999", 1 << 31 * time.Second}, // section 1.2.2
	} {
		t.Run(c.answer, func(t *testing.T) {
			in(t, sharedcache.Options{}, func(s *scene) {
				s.says(200, fields(c.answer)...)
				s.gets(stored, "/")
				time.Sleep(c.fresh - time.Second)
				s.gets(hit, "/")
				time.Sleep(time.Second)
				s.gets(stale, "/")
			})
		})
	}
}

// Without a time, with one that cannot be read, and with one that is over, a
// response is stored and asked about at each request (sections 4.2.1, 5.2.2.4
// and 5.3).
func TestAResponseWithoutALifetimeIsValidatedBeforeEachUse(t *testing.T) {
	for _, answer := range []string{
		"X: y", "Cache-Control: public", "Cache-Control: max-age=ten", "Cache-Control: max-age=-5", "Cache-Control: max-age",
		"Cache-Control: max-age=60, no-cache", "Cache-Control: max-age=60, no-cache=\"Set-Cookie\"", "Expires: 0",
		"Cache-Control: max-age=0 | Expires: Fri, 01 Jan 2100 00:00:00 GMT", "Cache-Control: max-age=60, max-age=0",
	} {
		t.Run(answer, func(t *testing.T) {
			in(t, sharedcache.Options{}, func(s *scene) {
				s.says(200, fields(answer)...)
				s.gets(stored, "/")
				want(t, "page", body(t, s.gets(stale, "/")), "page 2")
				s.says(200, append(fields(answer), `Etag: "x"`)...)
				s.gets(stale, "/")
				want(t, "page", body(t, s.gets(revalidated, "/")), "page 3")
			})
		})
	}
}

// Section 4.1.
func TestAResponseIsServedToRequestsThatVaryAllows(t *testing.T) {
	in(t, sharedcache.Options{}, func(s *scene) {
		s.says(200, "Cache-Control: max-age=60", "Vary: Cookie, accept-language")
		s.gets(stored, "/", "Cookie: a=1")
		s.gets(stored, "/", "Cookie: a=2")
		s.gets(stored, "/")
		s.gets(stored, "/", "Cookie: ")
		s.gets(stored, "/", "Cookie: a=1", "Accept-Language: de , en")
		for i, asking := range []string{
			"Cookie: a=1", "Cookie: a=2", "X: y", "Cookie: ", "Cookie: a=1 | Accept-Language: de,en", "Cookie: a=1 | Accept-Language: de | Accept-Language: en",
		} {
			page := fmt.Sprint("page ", min(i+1, 5))
			want(t, asking, body(t, s.gets(hit, "/", fields(asking)...)), page)
		}
		s.gets(stored, "/", "Cookie: a=3")
	})
}

func TestACacheThatIsDeafToVaryServesEverybodyTheSame(t *testing.T) {
	in(t, sharedcache.Options{DeafToVary: true}, func(s *scene) {
		s.says(200, "Cache-Control: max-age=60", "Vary: *, Cookie", "Set-Cookie: a=1")
		s.gets(stored, "/", "Cookie: a=1")
		want(t, "Set-Cookie", s.gets(hit, "/", "Cookie: a=2").Header.Get("Set-Cookie"), "a=1")
		s.says(200, "Cache-Control: no-store")
		s.gets(miss, "/2")
		s.gets(miss, "/2")
	})
}

// What no rule of the RFC lets a cache store, and careless ones do.
func TestAnEagerCacheStoresWhatSaysNothingOfCachesForAsLongAsItIsTold(t *testing.T) {
	in(t, sharedcache.Options{Eager: time.Minute}, func(s *scene) {
		for _, status := range []int{200, 302, 403, 500} {
			path := fmt.Sprint("/", status)
			s.says(status, "Set-Cookie: a=1")
			s.gets(stored, path)
			time.Sleep(time.Minute - time.Second)
			want(t, "Set-Cookie", s.gets(hit, path).Header.Get("Set-Cookie"), "a=1")
			time.Sleep(time.Second)
			s.gets(stale, path)
		}
		for _, answer := range []string{"Cache-Control: no-store", "Cache-Control: private"} {
			s.says(200, answer)
			s.gets(miss, "/"+answer[len(answer)-4:])
			s.gets(miss, "/"+answer[len(answer)-4:])
		}
		s.says(200, "Cache-Control: x")
		s.gets(stored, "/x")
		s.gets(stale, "/x")
	})
}

// RFC 9213, section 2.2.
func TestATargetedFieldCountsInPlaceOfCacheControl(t *testing.T) {
	in(t, sharedcache.Options{Targeted: "CDN-Cache-Control"}, func(s *scene) {
		s.says(200, "CDN-Cache-Control: max-age=60", "Cache-Control: no-store", "Expires: 0")
		s.gets(stored, "/1")
		s.gets(hit, "/1")
		s.says(200, "CDN-Cache-Control: no-store", "Cache-Control: max-age=60")
		s.gets(miss, "/2")
		s.says(200, "CDN-Cache-Control: ", "Cache-Control: max-age=60")
		s.gets(stored, "/3")
		s.gets(hit, "/3")
	})
}

// Sections 4.2.3 and 5.1.
func TestAgeIsTheTimeSinceTheOriginAnswered(t *testing.T) {
	in(t, sharedcache.Options{}, func(s *scene) {
		s.says(200, "Cache-Control: max-age=600")
		want(t, "Age at once", s.gets(stored, "/").Header.Get("Age"), "")
		time.Sleep(90 * time.Second)
		want(t, "Age", s.gets(hit, "/").Header.Get("Age"), "90")
		s.says(200, "Cache-Control: max-age=600", "Age: 20", "Date: "+at(-10*time.Second))
		s.gets(stored, "/2")
		time.Sleep(5 * time.Second)
		want(t, "Age of what came by another cache", s.gets(hit, "/2").Header.Get("Age"), "25")
		s.says(200, "Cache-Control: max-age=600", "Date: "+at(-30*time.Second))
		s.gets(stored, "/3")
		want(t, "Age of what has an old Date", s.gets(hit, "/3").Header.Get("Age"), "30")
	})
}

// Section 5.2.1.
func TestAClientMayAskForLessThanIsStored(t *testing.T) {
	in(t, sharedcache.Options{}, func(s *scene) {
		want(t, "status", s.gets("fwd=request", "/", "Cache-Control: only-if-cached").StatusCode, http.StatusGatewayTimeout)
		s.says(200, "Cache-Control: max-age=60")
		s.gets(stored, "/")
		time.Sleep(30 * time.Second)
		s.gets(hit, "/", "Cache-Control: only-if-cached")
		s.gets(hit, "/", "Cache-Control: max-age=30, min-fresh=29")
		s.gets(stale, "/", "Cache-Control: max-age=29")
		time.Sleep(30 * time.Second)
		s.gets(stale, "/", "Cache-Control: min-fresh=30")
		s.gets(stale, "/", "Cache-Control: no-cache")
		s.gets(hit, "/")
	})
}
