package record_test

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"

	"github.com/sojourn-go/session/internal/record"
)

// checkPatch holds Patch and Next against what Build and Parse make of the same, and looks whether they share bytes with what they
// were given.
func checkPatch(tb testing.TB, base record.Record, seen int64, stamp uint64, changes []record.Change) {
	tb.Helper()
	before := bytes.Clone(base.Bytes())
	h := base.Header()
	h.Seen = max(h.Seen, seen)
	stamped := h
	stamped.Stamp(stamp)
	want := parse(tb, record.Build(base, stamped, false, changes))
	patched, changed := record.Patch(base, seen, stamp, changes)
	next, also := record.Next(base, &h, stamp, false, changes)
	for name, got := range map[string]record.Record{
		"Patch": patched, "Next": next, "BuildRecord": record.BuildRecord(base, &stamped, false, changes),
	} {
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			tb.Fatalf("%s: got\n%swant\n%s", name, dump(got.Bytes()), dump(want.Bytes()))
		}
		if !reflect.DeepEqual(got, want) {
			tb.Fatalf("%s: the view differs from that which Parse gives of its bytes", name)
		}
		clear(got.Bytes())
		if !bytes.Equal(base.Bytes(), before) {
			tb.Fatalf("%s shares bytes with the base", name)
		}
	}
	if differs := !record.Same(want, base); changed != differs || also != differs {
		tb.Fatalf("changed: got %v of Patch and %v of Next, want %v", changed, also, differs)
	}
}

func TestAPatchIsWhatBuildMakesOfTheSameChanges(t *testing.T) {
	long := bytes.Repeat([]byte("long "), 100)
	edits := map[string][]record.Change{
		"none":                  nil,
		"of the same length":    {{Name: "visits", Value: []byte(`{"value":2,"text":"0000000000000002"}`)}},
		"to what it was":        {values(3)[1]},
		"longer":                {{Name: "visits", Value: long}},
		"empty":                 {{Name: "user_id"}},
		"added":                 {{Name: "nowhere", Value: long}},
		"deleted":               {{Name: "cart", Delete: true}},
		"deleted and not there": {{Name: "nowhere", Delete: true}},
		"two":                   {{Name: "visits", Value: long}, {Name: "cart"}},
		"one twice":             {{Name: "visits", Value: long}, {Name: "visits", Delete: true}},
		"twice, as it was":      {{Name: "visits", Value: long}, values(3)[1]},
		"added, and deleted":    {{Name: "nowhere"}, {Name: "visits", Delete: true}},
		"many":                  values(20),
	}
	bases := map[string]record.Record{"the zero record": {}}
	for stamps := range record.MaxStamps + 1 {
		h := record.Header{Seen: 5, Idle: 7, Secret: secret(byte(stamps))} // none where there are no stamps
		for s := range stamps {
			h.Stamp(uint64(s))
		}
		for _, n := range []int{0, 3, 4, 5, 30} {
			bases[fmt.Sprint(n, " values and ", stamps, " stamps")] = build(t, h, values(n))
		}
		extended := extend(bytes.Clone(build(t, h, values(3)).Bytes()), 0x90, 1, "kept", 7, "")
		bases[fmt.Sprint("extensions and ", stamps, " stamps")] = parse(t, extended)
		h.Replace(secret(9), 100, 0)
		bases[fmt.Sprint("a replaced secret and ", stamps, " stamps")] = build(t, h, values(3))
	}
	for of, base := range bases {
		for what, changes := range edits {
			t.Run(of+"/"+what, func(t *testing.T) {
				checkPatch(t, base, 4, 42, changes)
				checkPatch(t, base, 6, 42, changes)
			})
		}
	}
}

func TestWhatWasPatchedInDoesNotChangeWithTheCallersBytes(t *testing.T) {
	base := build(t, session(), values(3))
	for _, name := range []string{"visits", "nowhere"} {
		value := []byte("12345")
		r, _ := record.Patch(base, 0, 1, []record.Change{{Name: name, Value: value}})
		value[0] = 'x'
		if _, got, _ := r.Find(name); string(got) != "12345" {
			t.Errorf("%s: got %q, want 12345", name, got)
		}
	}
}

func TestNextIsBuildAlsoWhereTheHeaderIsAnother(t *testing.T) {
	base := build(t, session(), values(3))
	newer := parse(t, extend(bytes.Clone(base.Bytes()), 0x40, 5, "kept"))
	other := parse(t, extend(bytes.Clone(base.Bytes()), 0x40, 5, "else"))
	until := func(ms int64) record.Header {
		h := session()
		h.Replace(secret(9), ms, 0)
		return h
	}
	change := []record.Change{{Name: "visits", Value: []byte("2")}}
	edits := map[string]func(*record.Header){
		"kind": func(h *record.Header) { h.Kind = record.Ended }, "persistent": func(h *record.Header) { h.Persistent = true },
		"level": func(h *record.Header) { h.Level++ }, "created": func(h *record.Header) { h.Created++ },
		"authenticated": func(h *record.Header) { h.Authenticated++ }, "end": func(h *record.Header) { h.End++ },
		"idle": func(h *record.Header) { h.Idle++ }, "lifetime": func(h *record.Header) { h.Lifetime++ },
		"generation": func(h *record.Header) { h.Generation++ }, "secret": func(h *record.Header) { h.Secret[5]++ },
		"no secret": func(h *record.Header) { h.Secret = secret(0) }, "replaced": func(h *record.Header) { h.Replace(h.Secret, 2, 1) },
		"seen earlier": func(h *record.Header) { h.Seen-- }, "seen later": func(h *record.Header) { h.Seen++ },
		"writes": func(h *record.Header) { h.Writes++ }, "stamps": func(h *record.Header) { h.Stamp(7); h.Writes-- },
		"nothing": func(*record.Header) {}, "another's": func(h *record.Header) { *h = record.Header{} },
		"extensions": func(h *record.Header) { *h = newer.Header() }, "other extensions": func(h *record.Header) { *h = other.Header() },
		"replaced until later": func(h *record.Header) { *h = until(200) },
	}
	for of, base := range map[string]record.Record{
		"": base, "newer: ": newer, "replaced: ": build(t, until(100), values(3)), "zero: ": {},
	} {
		for name, edit := range edits {
			for _, clear := range []bool{false, true} {
				h := base.Header()
				edit(&h)
				given := h
				got, changed := record.Next(base, &h, 42, clear, change)
				if !reflect.DeepEqual(h, given) {
					t.Errorf("%s%s: the header given has changed", of, name)
				}
				h.Stamp(42)
				if want := record.Build(base, h, clear, change); !bytes.Equal(got.Bytes(), want) || !changed {
					t.Errorf("%s%s: changed %v, got\n%swant\n%s", of, name, changed, dump(got.Bytes()), dump(want))
				}
				same, changed := record.Next(base, &given, 42, false, nil)
				if want := !record.Same(same, base); changed != want {
					t.Errorf("%s%s: without a value: got changed %v, want %v", of, name, changed, want)
				}
			}
		}
	}
}
