package seal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/sojourn-go/session/seal"
)

// A key for the examples: never use one that you have read somewhere.
const (
	oldText = "sojourn_key1_e85e72a3_e2qn6fhgkido77xyw6gxfuq2mtsihibps6b6e5zzxewa5fhi4qrq"
	newText = "sojourn_key1_2515f4b0_q6ytsk3e3qpisdgk64hqd4j7wrsrb4ra4zevr6uau7au5wdgd7ua"
)

func mustParse(text string) seal.Key {
	k, err := seal.ParseKey(text)
	if err != nil {
		log.Fatal(err)
	}
	return k
}

func Example() {
	keys, err := seal.NewKeys(mustParse(newText))
	if err != nil {
		log.Fatal(err)
	}
	s, err := keys.Sealer("preferences", "__Host-theme", 30*24*time.Hour)
	if err != nil {
		log.Fatal(err)
	}
	now := time.Now()
	text := s.Seal(nil, []byte("dark"), now)

	plain, err := s.Open(nil, string(text), now.Add(time.Hour))
	fmt.Printf("%s %v\n", plain, err)

	text[40] ^= 1
	plain, err = s.Open(nil, string(text), now)
	fmt.Printf("%q %v\n", plain, err)
	// Output:
	// dark <nil>
	// "" seal: the text does not open
}

func ExampleNewKey() {
	k := seal.NewKey()
	again, err := seal.ParseKey(k.Text())
	fmt.Println(len(k.Text()), again.ID() == k.ID(), err)
	// Output:
	// 74 true <nil>
}

// A key from a file that only the application can read.
func ExampleParseKey() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "session.key")
	if err := os.WriteFile(file, []byte(oldText+"\n"), 0o600); err != nil {
		log.Fatal(err)
	}

	text, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	k, err := seal.ParseKey(string(text))
	fmt.Println(k, err)
	// Output:
	// seal.Key(e85e72a3) <nil>
}

func ExampleParseKey_incorrect() {
	for _, text := range []string{oldText[:61], "a 16-byte secret"} {
		_, err := seal.ParseKey(text)
		fmt.Println(err)
	}
	// Output:
	// seal: the key is cut off: 61 of 74 characters
	// seal: a key of 16 characters, as Ring and Luminus cookie stores have, is too weak: make one with "sojourn keygen"
}

func ExampleKey_ID() {
	fmt.Println(mustParse(oldText).ID())
	// Output:
	// e85e72a3
}

func ExampleKey_Text() {
	k := seal.NewKey()
	err := os.WriteFile(filepath.Join(os.TempDir(), "sojourn-example.key"), []byte(k.Text()+"\n"), 0o600)
	os.Remove(filepath.Join(os.TempDir(), "sojourn-example.key"))
	fmt.Println(err)
	// Output:
	// <nil>
}

func ExampleKey_Format() {
	k := mustParse(oldText)
	fmt.Printf("%v %+v %x %q\n", k, k, k, k)
	// Output:
	// seal.Key(e85e72a3) seal.Key(e85e72a3) seal.Key(e85e72a3) seal.Key(e85e72a3)
}

func ExampleKey_LogValue() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	logger.Info("ready", "key", mustParse(oldText))
	// Output:
	// level=INFO msg=ready key=seal.Key(e85e72a3)
}

func ExampleKey_MarshalText() {
	config := struct {
		Addr string
		Key  seal.Key
	}{":8080", mustParse(oldText)}
	out, err := json.Marshal(config)
	fmt.Println(string(out), err)
	// Output:
	// {"Addr":":8080","Key":"seal.Key(e85e72a3)"} <nil>
}

// The three steps by which a key is replaced: each is rolled out to every
// machine before the next, and before the last the longest lifetime passes.
func ExampleNewKeys() {
	old, next := mustParse(oldText), mustParse(newText)
	known, err1 := seal.NewKeys(old, next)  // everyone can open what the next key seals
	active, err2 := seal.NewKeys(next, old) // it seals; the old one still opens
	retired, err3 := seal.NewKeys(next)     // the old one opens nothing
	fmt.Println(known, active, retired, errors.Join(err1, err2, err3))
	// Output:
	// seal.Keys(e85e72a3 2515f4b0) seal.Keys(2515f4b0 e85e72a3) seal.Keys(2515f4b0) <nil>
}

func ExampleKeys_Sealer() {
	var forgotten seal.Keys
	_, err := forgotten.Sealer("session", "__Host-Http-session", 24*time.Hour)
	fmt.Println(err)
	// Output:
	// seal: there is no key in the zero Keys: NewKeys makes them
}

// A text opens for its purpose and name only.
func ExampleErrSealed() {
	keys, _ := seal.NewKeys(mustParse(newText))
	visitor, _ := keys.Sealer("cookie", "visitor", time.Hour)
	admin, _ := keys.Sealer("cookie", "admin", time.Hour)
	now := time.Now()
	_, err := admin.Open(nil, string(visitor.Seal(nil, []byte("yes"), now)), now)
	fmt.Println(errors.Is(err, seal.ErrSealed), err)
	// Output:
	// true seal: the text does not open
}

// Nothing is allocated where there is room.
func ExampleSealer_Seal() {
	keys, _ := seal.NewKeys(mustParse(newText))
	s, _ := keys.Sealer("session", "__Host-Http-session", 24*time.Hour)
	plain := make([]byte, 200)
	cookie := append(make([]byte, 0, 400), "__Host-Http-session="...)
	cookie = s.Seal(cookie, plain, time.Now())
	fmt.Println(len(cookie), seal.Size(len(plain)))
	// Output:
	// 336 316
}

func ExampleSealer_Open() {
	keys, _ := seal.NewKeys(mustParse(newText))
	s, _ := keys.Sealer("session", "__Host-Http-session", 24*time.Hour)
	sealed := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	text := string(s.Seal(nil, []byte("hello"), sealed))
	for _, later := range []time.Duration{0, 24 * time.Hour, 25 * time.Hour} {
		plain, err := s.Open(nil, text, sealed.Add(later))
		fmt.Printf("%q %v\n", plain, err)
	}
	// Output:
	// "hello" <nil>
	// "hello" <nil>
	// "" seal: the text does not open
}

// A text that would be longer than MaxText is not worth sealing.
func ExampleSize() {
	for _, n := range []int{0, 200, 3000, 7000} {
		fmt.Println(n, seal.Size(n), seal.Size(n) <= seal.MaxText)
	}
	// Output:
	// 0 50 true
	// 200 316 true
	// 3000 4050 true
	// 7000 9383 false
}

func ExampleKeys_Format() {
	keys, _ := seal.NewKeys(mustParse(newText), mustParse(oldText))
	fmt.Printf("%v %x\n", keys, keys)
	// Output:
	// seal.Keys(2515f4b0 e85e72a3) seal.Keys(2515f4b0 e85e72a3)
}

func ExampleKeys_MarshalText() {
	keys, _ := seal.NewKeys(mustParse(newText))
	out, err := json.Marshal(map[string]seal.Keys{"keys": keys})
	fmt.Println(string(out), err)
	// Output:
	// {"keys":"seal.Keys(2515f4b0)"} <nil>
}
