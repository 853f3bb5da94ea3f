package sharedcache_test

import (
	"testing"
	"time"

	"github.com/sojourn-go/session/internal/sharedcache"
)

// Sections 4.3.1, 4.3.3, 4.3.4 and 3.2.
func TestAStaleResponseIsValidatedAndUpdatedByThe304(t *testing.T) {
	in(t, sharedcache.Options{}, func(s *scene) {
		s.says(200, "Cache-Control: max-age=60", `Etag: "1"`, "X: old", "Content-Type: text/plain", "Last-Modified: "+at(-time.Hour))
		s.gets(stored, "/")
		time.Sleep(time.Minute)
		s.says(200, "Cache-Control: max-age=600", `Etag: "1"`, "X: new", "Set-Cookie: a=1", "Content-Type: text/html")
		res := s.gets(revalidated, "/", `If-None-Match: "other"`)
		want(t, "status", res.StatusCode, 200)
		want(t, "page", body(t, res), "page 1")
		asked := s.requests[1].Header
		want(t, "If-None-Match", asked.Get("If-None-Match"), `"1"`)
		want(t, "If-Modified-Since", asked.Get("If-Modified-Since"), at(-time.Hour-time.Minute))
		time.Sleep(500 * time.Second)
		res = s.gets(hit, "/")
		h := res.Header
		want(t, "X", h.Get("X"), "new")
		want(t, "Set-Cookie", h.Get("Set-Cookie"), "a=1") // section 7.3, once more
		want(t, "Content-Type", h.Get("Content-Type"), "text/plain")
		want(t, "Age", h.Get("Age"), "500")
	})
}

// Section 5.2.2.5: no part of such a response is stored.
func TestA304WithNoStoreAnswersItsOwnRequestOnly(t *testing.T) {
	in(t, sharedcache.Options{}, func(s *scene) {
		s.says(200, "Cache-Control: max-age=60", `Etag: "1"`)
		s.gets(stored, "/")
		time.Sleep(time.Minute)
		s.says(200, "Cache-Control: no-store", `Etag: "1"`, "Set-Cookie: a=1")
		want(t, "Set-Cookie", s.gets("fwd=stale; fwd-status=304", "/").Header.Get("Set-Cookie"), "a=1")
		s.says(200, "Cache-Control: max-age=60", `Etag: "1"`)
		want(t, "Set-Cookie", s.gets(revalidated, "/").Header.Get("Set-Cookie"), "")
		want(t, "Set-Cookie", s.gets(hit, "/").Header.Get("Set-Cookie"), "")
	})
}

// Section 4.3.1: a cache may name all that it has of a URI, and 304 selects
// one by its validator, whoever that was stored for.
func TestATagThatTwoVisitorsPagesShareServesOneToTheOther(t *testing.T) {
	in(t, sharedcache.Options{}, func(s *scene) {
		s.says(200, "Cache-Control: max-age=60", "Vary: Cookie", `Etag: "1"`)
		s.gets(stored, "/", "Cookie: a=1")
		res := s.gets("fwd=miss; fwd-status=304; stored", "/", "Cookie: a=2")
		want(t, "page", body(t, res), "page 1")
		s.gets(hit, "/", "Cookie: a=2")
		s.says(200, "Cache-Control: max-age=60", "Vary: Cookie", `Etag: "2"`)
		want(t, "page", body(t, s.gets(stored, "/", "Cookie: a=3")), "page 3")
		s.gets("fwd=miss; fwd-status=304; stored", "/", "Cookie: a=4")
		want(t, "If-None-Match", s.requests[3].Header.Get("If-None-Match"), `"1", "2"`)
	})
}

// Section 4.3.3: the origin may mean a representation that the cache has not.
func TestA304ThatSelectsNothingIsAskedAgainWithoutConditions(t *testing.T) {
	in(t, sharedcache.Options{}, func(s *scene) {
		s.says(200, `Etag: "1"`)
		s.gets(stored, "/")
		s.says(304, `Etag: "2"`)
		res := s.gets("fwd=stale", "/", `If-None-Match: "2"`)
		want(t, "requests", len(s.requests), 3)
		want(t, "If-None-Match", s.requests[2].Header.Get("If-None-Match"), "")
		want(t, "status", res.StatusCode, 304) // as this origin answers always
	})
}

// Section 4.3.4: by the tag, else by the date, else the only one there is.
func TestA304WithoutATagSelectsByDateOrTheOnlyOne(t *testing.T) {
	old := "Last-Modified: Fri, 31 Dec 1999 14:00:00 GMT"
	for answer, how := range map[string]string{
		old: revalidated, "X: y": revalidated,
		"Last-Modified: Fri, 31 Dec 1999 15:00:00 GMT": "fwd=stale",
	} {
		in(t, sharedcache.Options{}, func(s *scene) {
			s.says(200, "Cache-Control: max-age=60", old)
			s.gets(stored, "/")
			time.Sleep(time.Minute)
			s.says(304, "Cache-Control: max-age=60", answer)
			s.gets(how, "/", "If-Modified-Since: Fri, 31 Dec 1999 13:00:00 GMT", `If-None-Match: "1"`)
			want(t, "If-None-Match", s.requests[1].Header.Get("If-None-Match"), "")
			want(t, "If-Modified-Since", "Last-Modified: "+s.requests[1].Header.Get("If-Modified-Since"), old)
		})
	}
}

// Section 4.3.2.
func TestAClientsOwnConditionIsJudgedByWhatIsStored(t *testing.T) {
	in(t, sharedcache.Options{}, func(s *scene) {
		s.says(200, "Cache-Control: max-age=60", `Etag: W/"1"`, "Last-Modified: "+at(-time.Hour), "X: y", "Content-Type: text/plain")
		s.gets(stored, "/")
		for _, c := range []struct {
			condition string
			status    int
		}{
			{`If-None-Match: "1"`, 304}, {`If-None-Match: "0", W/"1"`, 304}, {"If-None-Match: *", 304}, {`If-None-Match: "2"`, 200},
			{"If-Modified-Since: " + at(-time.Hour), 304}, {"If-Modified-Since: " + at(-2*time.Hour), 200}, {"If-Modified-Since: x", 200},
			{`If-None-Match: "2" | If-Modified-Since: ` + at(0), 200},
		} {
			res := s.gets(hit, "/", fields(c.condition)...)
			want(t, c.condition, res.StatusCode, c.status)
			want(t, "X", res.Header.Get("X"), "y")
			want(t, "Content-Type", res.Header.Get("Content-Type") == "", c.status == 304)
		}
	})
}

// Section 4.3.1: where nothing is stored, the client's condition is the
// origin's to judge, and its 304 is not stored.
func TestAClientsConditionIsPassedOnWhereNothingIsStored(t *testing.T) {
	in(t, sharedcache.Options{}, func(s *scene) {
		s.says(200, "Cache-Control: max-age=60", `Etag: "1"`)
		want(t, "status", s.gets(miss, "/", `If-None-Match: "1"`).StatusCode, 304)
		want(t, "status", s.gets(stored, "/", `If-None-Match: "2"`).StatusCode, 200)
	})
}
