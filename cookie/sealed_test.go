package cookie_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/seal"
)

// A cart is what the tests seal.
type cart struct {
	Items []string       `json:"items"`
	Count map[string]int `json:"count,omitempty"`
	Until time.Time      `json:"until"`
}

var someCart = cart{Items: []string{"Zoë; admin=1", `"`, "\x00"}, Count: map[string]int{"x": -1}, Until: time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC)}

var anHour = cookie.SealedOptions{Purpose: "cart", Lifetime: time.Hour}

func newKeys(t testing.TB, keys ...seal.Key) seal.Keys {
	t.Helper()
	if len(keys) == 0 {
		keys = []seal.Key{seal.NewKey()}
	}
	k, err := seal.NewKeys(keys[0], keys[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newSealed[T any](t testing.TB, keys seal.Keys, name string, o cookie.SealedOptions) *cookie.Sealed[T] {
	t.Helper()
	s, err := cookie.NewSealed[T](keys, name, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sealedLine returns the one Set-Cookie that s writes for v.
func sealedLine[T any](t testing.TB, s *cookie.Sealed[T], v T) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := s.Set(w, v); err != nil {
		t.Fatal(err)
	}
	lines := w.Header()["Set-Cookie"]
	if len(lines) != 1 || !slices.Equal(w.Header()["Cache-Control"], []string{"no-store"}) {
		t.Fatalf("got %q, want one line and no-store", w.Header())
	}
	return lines[0]
}

// sealedPair is what a browser sends back: name=text.
func sealedPair[T any](t testing.TB, s *cookie.Sealed[T], v T) string {
	t.Helper()
	pair, _, _ := strings.Cut(sealedLine(t, s, v), ";")
	return pair
}

// opens fails unless the cookies hold want.
func opens[T any](t *testing.T, s *cookie.Sealed[T], want T, cookies ...string) {
	t.Helper()
	if got, ok := s.Get(requestWith(strings.Join(cookies, "; "))); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, ok, want)
	}
}

// isNone fails unless the cookies are none, and the zero T.
func isNone[T any](t *testing.T, s *cookie.Sealed[T], cookies ...string) {
	t.Helper()
	var zero T
	if got, ok := s.Get(requestWith(strings.Join(cookies, "; "))); ok || !reflect.DeepEqual(got, zero) {
		t.Errorf("%.80q: got %+v, %v; want none", cookies, got, ok)
	}
}

func TestSealedReturnsWhatWasSet(t *testing.T) {
	keys := newKeys(t)
	opens(t, newSealed[cart](t, keys, "cart", anHour), someCart, "x=1", sealedPair(t, newSealed[cart](t, keys, "cart", anHour), someCart), "y=2")
	numbers := newSealed[int](t, keys, "n", anHour)
	for _, n := range []int{0, -1, 1 << 52} {
		opens(t, numbers, n, sealedPair(t, numbers, n))
	}
	for _, value := range values {
		text := newSealed[string](t, keys, "s", anHour)
		opens(t, text, strings.ToValidUTF8(value, "\ufffd"), sealedPair(t, text, strings.ToValidUTF8(value, "\ufffd")))
		bytes := newSealed[[]byte](t, keys, "s", anHour)
		opens(t, bytes, []byte(value), sealedPair(t, bytes, []byte(value)))
	}
	pointers := newSealed[*cart](t, keys, "p", anHour)
	opens(t, pointers, nil, sealedPair(t, pointers, nil))
	opens(t, pointers, &someCart, sealedPair(t, pointers, &someCart))
	isNone(t, pointers, "x=1")
}

func TestSealedTextsTellNothingAndAreNeverTheSame(t *testing.T) {
	s := newSealed[string](t, newKeys(t), "s", anHour)
	first, second := sealedPair(t, s, "secret"), sealedPair(t, s, "secret")
	if first == second || len(first) != len("s=")+seal.Size(8+len(`"secret"`)) || strings.Contains(first, "secret") {
		t.Errorf("got %q and %q", first, second)
	}
}

func TestSealedEndsToTheMillisecond(t *testing.T) {
	for _, lifetime := range []time.Duration{time.Millisecond, 1500 * time.Microsecond, time.Second, time.Hour, 59*time.Minute + 59*time.Second, 400 * day} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(17*time.Minute + 123*time.Millisecond)
			s := newSealed[int](t, newKeys(t), "n", cookie.SealedOptions{Purpose: "n", Lifetime: lifetime})
			pair := sealedPair(t, s, 1)
			opens(t, s, 1, pair)
			time.Sleep(lifetime.Truncate(time.Millisecond) - time.Nanosecond)
			opens(t, s, 1, pair)
			time.Sleep(time.Nanosecond)
			isNone(t, s, pair)
			time.Sleep(2 * time.Hour)
			isNone(t, s, pair)
		})
	}
}

func TestEachSetBeginsANewLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSealed[int](t, newKeys(t), "n", anHour)
		for range 100 {
			pair := sealedPair(t, s, 1)
			time.Sleep(time.Hour - time.Millisecond)
			opens(t, s, 1, pair)
		}
	})
}

// After a shorter Lifetime was rolled out, no old cookie goes on for the time it was made for.
func TestAShorterLifetimeEndsOlderCookiesWithinTheHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := newKeys(t)
		month := newSealed[int](t, keys, "n", cookie.SealedOptions{Purpose: "n", Lifetime: 30 * day})
		short := newSealed[int](t, keys, "n", cookie.SealedOptions{Purpose: "n", Lifetime: time.Hour})
		pair := sealedPair(t, month, 1)
		opens(t, short, 1, pair)
		time.Sleep(2 * time.Hour)
		isNone(t, short, pair)
		opens(t, month, 1, pair)
	})
}

func TestSealedAttributesAreStrictAndFollowTheLifetime(t *testing.T) {
	const strict = "; Path=/; Secure; HttpOnly; SameSite=Lax"
	for story, tt := range map[string]struct {
		options cookie.SealedOptions
		want    string
	}{
		"until the browser closes": {anHour, strict},
		"persistent":               {cookie.SealedOptions{Purpose: "p", Lifetime: time.Hour, Persistent: true}, "; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax"},
		"persistent for a moment":  {cookie.SealedOptions{Purpose: "p", Lifetime: time.Millisecond, Persistent: true}, "; Path=/; Max-Age=1; Secure; HttpOnly; SameSite=Lax"},
		"persistent for 400 days":  {cookie.SealedOptions{Purpose: "p", Lifetime: 400 * day, Persistent: true}, "; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=Lax"},
		"other attributes": {
			cookie.SealedOptions{Purpose: "p", Lifetime: time.Hour, Attrs: cookie.Attrs{Path: "/app", SameSite: http.SameSiteStrictMode}},
			"; Path=/app; Secure; HttpOnly; SameSite=Strict",
		},
	} {
		t.Run(story, func(t *testing.T) {
			line := sealedLine(t, newSealed[int](t, newKeys(t), "id", tt.options), 1)
			if _, attrs, _ := strings.Cut(line, ";"); ";"+attrs != tt.want {
				t.Errorf("got %q, want %q", attrs, tt.want)
			}
		})
	}
}

func TestSealedRemoveReplacesWhatWasSet(t *testing.T) {
	s := newSealed[int](t, newKeys(t), "__Http-n", cookie.SealedOptions{Purpose: "n", Lifetime: time.Hour, Persistent: true, Attrs: cookie.Attrs{Path: "/app"}})
	w := httptest.NewRecorder()
	w.Header().Set("Cache-Control", "public")
	http.SetCookie(w, &http.Cookie{Name: "x", Value: "y"})
	if err := s.Set(w, 1); err != nil {
		t.Fatal(err)
	}
	s.Remove(w)
	want := http.Header{
		"Cache-Control": {"no-store"},
		"Set-Cookie":    {"x=y", "__Http-n=; Path=/app; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax"},
	}
	if !maps.EqualFunc(w.Header(), want, slices.Equal) {
		t.Errorf("got %q, want %q", w.Header(), want)
	}
	isNone(t, s, "__Http-n=")
}

func TestASealedSetCookieHasUpTo4096Bytes(t *testing.T) {
	s := newSealed[string](t, newKeys(t), "__Host-Http-cart", anHour)
	sizes := map[int]bool{}
	for n := 2800; n < 3000; n++ {
		w := httptest.NewRecorder()
		w.Header().Set("Set-Cookie", "__Host-Http-cart=before")
		err := s.Set(w, strings.Repeat("v", n))
		size := len("__Host-Http-cart=") + seal.Size(8+2+n) + len("; Path=/; Secure; HttpOnly; SameSite=Lax")
		line := w.Header().Get("Set-Cookie")
		switch {
		case err == nil && (size > 4096 || len(line) != size):
			t.Errorf("%d bytes: a Set-Cookie of %d bytes, want %d", n, len(line), size)
		case err != nil && (size <= 4096 || len(w.Header()) != 1 || line != "__Host-Http-cart=before"):
			t.Errorf("%d bytes, a Set-Cookie of %d: %v and the header %q", n, size, err, w.Header())
		}
		sizes[size] = err == nil
	}
	if !sizes[4095] && !sizes[4096] || sizes[4097] || sizes[4098] {
		t.Errorf("the limit was not met: %v", sizes)
	}
	err := s.Set(httptest.NewRecorder(), strings.Repeat("v", 10_000))
	if want := `cookie: the Set-Cookie for "__Host-Http-cart" has 13453 bytes, which is 9357 too many: browsers keep 4096, so keep less in it`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAValueThatCannotBeEncodedSetsNothing(t *testing.T) {
	s := newSealed[any](t, newKeys(t), "any", anHour)
	w := httptest.NewRecorder()
	err := s.Set(w, make(chan int))
	if want := `cookie: the value for "any": json: unsupported type: chan int`; err == nil || err.Error() != want || len(w.Header()) != 0 {
		t.Errorf("got %v and %q, want %s and no header", err, w.Header(), want)
	}
}

func TestAValueOfAnotherTypeIsNone(t *testing.T) {
	keys := newKeys(t)
	pair := sealedPair(t, newSealed[map[string]any](t, keys, "v", anHour), map[string]any{"items": []string{"kept"}, "until": "never"})
	isNone(t, newSealed[cart](t, keys, "v", anHour), pair) // not even the items
	isNone(t, newSealed[int](t, keys, "v", anHour), pair)
}

func TestManyRequestsShareOneSealed(t *testing.T) {
	s := newSealed[int](t, newKeys(t), "n", anHour)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 50 {
				opens(t, s, i*50+n, sealedPair(t, s, i*50+n))
			}
		})
	}
	wg.Wait()
}
