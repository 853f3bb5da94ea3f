package cookie_test

import (
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/sojourn-go/session/cookie"
)

func TestWithTakesTheFieldsThatAreNotZero(t *testing.T) {
	base := cookie.Attrs{
		Path: "/app", Domain: "example.com", SameSite: http.SameSiteStrictMode,
		MaxAge: time.Hour, Expires: time.Unix(1e9, 0),
	}
	all := cookie.Attrs{
		Path: "/", Domain: "example.org", Insecure: true, Scriptable: true, SameSite: http.SameSiteNoneMode,
		MaxAge: -1, Expires: time.Unix(2e9, 0), Partitioned: true,
	}
	for name, tt := range map[string]struct{ a, over, want cookie.Attrs }{
		"zero over a base leaves the base":      {base, cookie.Attrs{}, base},
		"a base over zero is the base":          {cookie.Attrs{}, base, base},
		"every field can be overridden":         {base, all, all},
		"a boolean once given stays":            {all, cookie.Attrs{MaxAge: -1}, all},
		"one field leaves the others":           {base, cookie.Attrs{MaxAge: -1}, withMaxAge(base, -1)},
		"SameSite default leads back to Lax":    {cookie.Attrs{SameSite: http.SameSiteNoneMode}, cookie.Attrs{SameSite: http.SameSiteDefaultMode}, cookie.Attrs{SameSite: http.SameSiteDefaultMode}},
		"an Expires at the epoch is not zero":   {base, cookie.Attrs{Expires: time.Unix(0, 0)}, withExpires(base, time.Unix(0, 0))},
		"the zero time in a zone is still zero": {base, cookie.Attrs{Expires: time.Time{}.In(time.FixedZone("", 3600))}, base},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tt.a.With(tt.over); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func withMaxAge(a cookie.Attrs, d time.Duration) cookie.Attrs { a.MaxAge = d; return a }

func withExpires(a cookie.Attrs, t time.Time) cookie.Attrs { a.Expires = t; return a }
