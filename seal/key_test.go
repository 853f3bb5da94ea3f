package seal_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/sojourn-go/session/seal"
)

func TestKey_ItsTextIsOneWordThatReadsBack(t *testing.T) {
	word := regexp.MustCompile(`^sojourn_key1_[0-9a-f]{8}_[a-z2-7]{52}$`)
	seen := map[string]bool{}
	for range 1000 {
		k := seal.NewKey()
		if seen[k.Text()] || !word.MatchString(k.Text()) || len(k.Text()) != 74 {
			t.Fatalf("the text of a new key is %q, or it is there twice", k.Text())
		}
		seen[k.Text()] = true
		for _, text := range []string{k.Text(), k.Text() + "\n", "\r\n\t " + k.Text() + " \r\n"} {
			again, err := seal.ParseKey(text)
			if err != nil || again.Text() != k.Text() || again.ID() != k.ID() {
				t.Fatalf("%q reads back as %q, %v", text, again.Text(), err)
			}
		}
		if !strings.HasPrefix(k.Text(), "sojourn_key1_"+k.ID()+"_") {
			t.Fatalf("the id %s is not in the text", k.ID())
		}
	}
}

func TestKey_TheZeroKeyIsEmpty(t *testing.T) {
	if k := (seal.Key{}); k.ID() != "" || k.Text() != "" || fmt.Sprint(k) != "seal.Key(none)" {
		t.Errorf("the zero Key has id %q, text %q and prints as %v", k.ID(), k.Text(), k)
	}
	if got := fmt.Sprint(seal.Keys{}); got != "seal.Keys(none)" {
		t.Errorf("the zero Keys print as %s", got)
	}
}

func TestParseKey_SaysWhatIsWrong(t *testing.T) {
	with := func(i int, c string) string { return annText[:i] + c + annText[i+1:] }
	raw := bytes.Repeat([]byte{0xAB, 0x31, 0xFE, 0x07}, 16)
	b64 := base64.StdEncoding.EncodeToString
	const make1 = `: make one with "sojourn keygen"`
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "the key is empty" + make1},
		{"white space", " \n", "the key is empty" + make1},
		{"cut in the secret", annText[:61], "the key is cut off: 61 of 74 characters"},
		{"cut by one", annText[:73], "the key is cut off: 73 of 74 characters"},
		{"cut in the id", annText[:15], "the key is cut off: 15 of 74 characters"},
		{"cut in the prefix", annText[:5], "the key is cut off: 5 of 74 characters"},
		{"the prefix alone", annText[:13], "the key is cut off: 13 of 74 characters"},
		{"cut to 16, as Ring's", annText[:16], "the key is cut off: 16 of 74 characters"},
		{"cut to 32, as gorilla's", annText[:32], "the key is cut off: 32 of 74 characters"},
		{"too long", annText + "a", "the key is too long: 75 characters instead of 74"},
		{"twice", annText + annText, "the key is too long: 148 characters instead of 74"},
		{"two lines", annText + "\n" + bobText, "character 75 of the key is none that a key has: it is one word of a-z, 0-9 and _"},
		{"wrapped", annText[:40] + "\n" + annText[40:], "character 41 of the key is none that a key has: it is one word of a-z, 0-9 and _"},
		{"quoted at the end", annText + `"`, "character 75 of the key is none that a key has: it is one word of a-z, 0-9 and _"},
		{"a capital", with(30, "Q"), "character 31 of the key is none that a key has: it is one word of a-z, 0-9 and _"},
		{"not ASCII", with(30, "é"), "character 31 of the key is none that a key has: it is one word of a-z, 0-9 and _"},
		{"a zero in the secret", with(30, "0"), "character 31 of the key is mistyped: the secret has a-z and 2-7 only"},
		{"a letter for another", with(30, "z"), "the key is mistyped: its checksum does not match"},
		{"two letters exchanged", annText[:30] + annText[31:32] + annText[30:31] + annText[32:], "the key is mistyped: its checksum does not match"},
		{"another id", with(13, "0"), "the key is mistyped: its checksum does not match"},
		{"no line after the id", with(21, "a"), "the key is mistyped: its checksum does not match"},
		{"stray bits", with(73, "r"), "the key is mistyped: its checksum does not match"},
		{"the next version", "sojourn_key2_" + annText[13:], "the key does not begin with sojourn_key1_: it is of another version than this program's"},
		{"quoted", `"` + annText, "a text of 75 characters that does not begin with sojourn_key1_ is no key" + make1},
		{"all capitals", strings.ToUpper(annText), "a text of 74 characters that does not begin with sojourn_key1_ is no key" + make1},
		{"a password", "correct horse battery", "a text of 21 characters that does not begin with sojourn_key1_ is no key" + make1},
		{"Luminus", "a 16-byte secret", "a key of 16 characters, as Ring and Luminus cookie stores have, is too weak" + make1},
		{"Ring, as bytes", string(raw[:16]), "a key of 16 characters, as Ring and Luminus cookie stores have, is too weak" + make1},
		{"24 raw", string(raw[:24]), "a raw key of 24 characters, as gorilla and others have, is no key of ours" + make1},
		{"32 raw", "32-byte-long-auth-key-is-too-bad", "a raw key of 32 characters, as gorilla and others have, is no key of ours" + make1},
		{"64 raw", string(raw), "a raw key of 64 characters, as gorilla and others have, is no key of ours" + make1},
		{"16 in hex", hex.EncodeToString(raw[:16]), "a key of 16 bytes in 32 hexadecimal digits is no key of ours" + make1},
		{"24 in hex", hex.EncodeToString(raw[:24]), "a key of 24 bytes in 48 hexadecimal digits is no key of ours" + make1},
		{"32 in hex", strings.ToUpper(hex.EncodeToString(raw[:32])), "a key of 32 bytes in 64 hexadecimal digits is no key of ours" + make1},
		{"64 in hex", hex.EncodeToString(raw), "a key of 64 bytes in 128 hexadecimal digits is no key of ours" + make1},
		{"16 in base64", b64(raw[:16]), "a key of 16 bytes in 24 characters of base64 is no key of ours" + make1},
		{"32 in base64", b64(raw[:32]), "a key of 32 bytes in 44 characters of base64 is no key of ours" + make1},
		{"32 in base64url", base64.RawURLEncoding.EncodeToString(raw[:32]), "a key of 32 bytes in 43 characters of base64 is no key of ours" + make1},
		{"64 in base64", b64(raw), "a key of 64 bytes in 88 characters of base64 is no key of ours" + make1},
	} {
		k, err := seal.ParseKey(c.text)
		if err == nil || err.Error() != "seal: "+c.want || k.Text() != "" {
			t.Errorf("%s: got %v, %v; want seal: %s", c.name, k, err, c.want)
		}
	}
}

func TestParseKey_OneWrongCharacterIsFoundWhereverItIs(t *testing.T) {
	for i := range annText {
		for _, c := range "abcdefghijklmnopqrstuvwxyz0123456789_-A \n" {
			text := annText[:i] + string(c) + annText[i+1:]
			// White space at an end is not a character of the key, and then one is missing.
			if k, err := seal.ParseKey(text); text != annText && err == nil {
				t.Errorf("character %d as %q: %v", i+1, c, k)
			}
		}
	}
}

func TestKeys_NewKeysRefusesWhatIsNoKeyOrThereTwice(t *testing.T) {
	ann, bob := parseKey(t, annText), parseKey(t, bobText)
	for _, c := range []struct {
		keys []seal.Key
		want string
	}{
		{[]seal.Key{{}}, "seal: key 1 of 1 is the zero Key: NewKey and ParseKey make keys"},
		{[]seal.Key{ann, {}}, "seal: key 2 of 2 is the zero Key: NewKey and ParseKey make keys"},
		{[]seal.Key{ann, bob, parseKey(t, annText)}, "seal: key 3 of 3 is there twice: e85e72a3"},
		{[]seal.Key{{}, ann, ann}, "seal: key 1 of 3 is the zero Key: NewKey and ParseKey make keys\nseal: key 3 of 3 is there twice: e85e72a3"},
	} {
		keys, err := seal.NewKeys(c.keys[0], c.keys[1:]...)
		if err == nil || err.Error() != c.want || keys.String() != "seal.Keys(none)" {
			t.Errorf("got %v, %v; want %s", keys, err, c.want)
		}
	}
}

func TestKeys_AreNotChangedThroughTheCallersSlice(t *testing.T) {
	more := []seal.Key{parseKey(t, bobText)}
	keys, err := seal.NewKeys(parseKey(t, annText), more...)
	if err != nil {
		t.Fatal(err)
	}
	more[0] = seal.Key{}
	if got := keys.String(); got != "seal.Keys(e85e72a3 2515f4b0)" {
		t.Errorf("got %s", got)
	}
}

// secretForms are the ways in which a printer might write a secret.
func secretForms(t *testing.T, keyText string) (forms []string) {
	secret := secretOf(t, keyText)
	for _, part := range [][]byte{secret[:4], secret[14:18], secret[28:]} {
		forms = append(forms,
			string(part), fmt.Sprintf("%x", part), fmt.Sprintf("%X", part), fmt.Sprintf("% x", part),
			strings.Trim(fmt.Sprint(part), "[]"), strings.Trim(fmt.Sprintf("%#v", part), "[]byte{}"),
			strings.Trim(fmt.Sprintf("%o", part), "[]"), strings.Trim(fmt.Sprintf("%b", part), "[]"),
			base64.StdEncoding.EncodeToString(part)[:5])
	}
	return append(forms, keyText[22:30], keyText[40:48], keyText[66:])
}

// Every way in which a program prints, logs or stores what it holds.
func printed(t *testing.T, v any) map[string]string {
	t.Helper()
	out := map[string]string{"Sprint": fmt.Sprint(v), "Errorf": fmt.Errorf("with %v: %w", v, errors.ErrUnsupported).Error()}
	for _, verb := range "vsdxXqbocUeEfFgGtpT" {
		for _, flag := range []string{"", "+", "#", " ", "0", "-", "200.100"} {
			format := "%" + flag + string(verb)
			out[format] = fmt.Sprintf(format, v)
		}
	}
	var text, js bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("config", "value", v, slog.Group("in", "value", v))
	slog.New(slog.NewJSONHandler(&js, nil)).Info("config", "value", v, slog.Group("in", "value", v))
	out["slog text"], out["slog JSON"] = text.String(), js.String()
	asJSON, err := json.Marshal(v)
	out["JSON"] = fmt.Sprint(string(asJSON), err)
	asXML, err := xml.Marshal(v)
	out["XML"] = fmt.Sprint(string(asXML), err)
	return out
}

func TestRedaction_NoWayOfPrintingShowsASecret(t *testing.T) {
	k, keys := parseKey(t, annText), newKeys(t, annText, bobText)
	s := daySealer(t, annText, bobText)
	text := s.Seal(nil, []byte("hello"), noon)
	opens(t, s, string(text), "hello", noon)
	type open struct {
		Key  seal.Key
		Keys seal.Keys
	}
	type closed struct {
		key    seal.Key
		keys   seal.Keys
		keyPtr *seal.Key
		sealer *seal.Sealer
	}
	forms := append(secretForms(t, annText), secretForms(t, bobText)...)
	for name, v := range map[string]any{
		"Key": k, "*Key": &k, "[]Key": []seal.Key{k}, "map": map[string]seal.Key{"k": k}, "array": [1]seal.Key{k},
		"Keys": keys, "*Keys": &keys, "struct": open{k, keys}, "*struct": &open{k, keys},
		"unexported fields": closed{k, keys, &k, s}, "pointer to unexported fields": &closed{k, keys, &k, s},
		"*Sealer": s,
	} {
		for way, out := range printed(t, v) {
			for _, form := range forms {
				if strings.Contains(out, form) {
					t.Errorf("%s by %s shows %q: %s", name, way, form, out)
				}
			}
		}
	}
}

func TestRedaction_TheIDIsShown(t *testing.T) {
	k, keys := parseKey(t, annText), newKeys(t, annText, bobText)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		if got := fmt.Sprintf(verb, k); got != "seal.Key(e85e72a3)" {
			t.Errorf("%s of a Key is %s", verb, got)
		}
		if got := fmt.Sprintf(verb, keys); got != "seal.Keys(e85e72a3 2515f4b0)" {
			t.Errorf("%s of Keys is %s", verb, got)
		}
	}
	for _, c := range []struct {
		v interface {
			fmt.Stringer
			fmt.GoStringer
			slog.LogValuer
		}
		want string
	}{{k, "seal.Key(e85e72a3)"}, {keys, "seal.Keys(e85e72a3 2515f4b0)"}} {
		asJSON, err := json.Marshal(c.v)
		for _, got := range []string{c.v.String(), c.v.GoString(), c.v.LogValue().String(), strings.Trim(string(asJSON), `"`)} {
			if got != c.want || err != nil {
				t.Errorf("got %s, %v; want %s", got, err, c.want)
			}
		}
	}
}

func TestRedaction_ErrorsOfParseKeyRepeatNothing(t *testing.T) {
	for _, text := range []string{
		annText[:61], annText + "a", annText[:30] + "Q" + annText[31:], annText[:30] + "0" + annText[31:],
		annText[:30] + "z" + annText[31:], annText[:40] + "\n" + annText[40:], `"` + annText, "sojourn_key2_" + annText[13:],
		strings.ToUpper(annText), annText + "\n" + bobText,
	} {
		_, err := seal.ParseKey(text)
		for i := 13; i+6 <= len(annText); i++ {
			if part := annText[i : i+6]; err == nil || strings.Contains(strings.ToLower(fmt.Sprintf("%+v %#v", err, err)), part) {
				t.Errorf("%v shows %s", err, part)
			}
		}
	}
}
