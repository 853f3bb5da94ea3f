package record_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sojourn-go/session/internal/record"
)

func TestTheLastOfSeveralChangesCounts(t *testing.T) {
	base := build(t, session(), []record.Change{{Name: "a", Value: []byte("0")}, {Name: "b", Value: []byte("0")}})
	r := parse(t, record.Build(base, session(), false, []record.Change{
		{Name: "a", Value: []byte("1")}, {Name: "b", Delete: true}, {Name: "c", Value: []byte("1")},
		{Name: "a", Delete: true}, {Name: "c", Value: []byte("2")}, {Name: "none", Delete: true},
		{Name: "b", Value: []byte("3")},
	}))
	got := map[string]string{}
	for name, value := range r.All() {
		got[name] = string(value)
	}
	if len(got) != 2 || got["b"] != "3" || got["c"] != "2" {
		t.Errorf("got %v, want b:3 c:2", got)
	}
}

func TestClearLeavesTheNewValuesOnly(t *testing.T) {
	base := build(t, session(), values(30))
	r := parse(t, record.Build(base, session(), true, values(1)))
	if want := build(t, session(), values(1)); !bytes.Equal(r.Bytes(), want.Bytes()) {
		t.Errorf("got %d values, want 1", r.Len())
	}
}

func TestWhatALaterProgramWroteSurvivesAWriteByThisOne(t *testing.T) {
	old := build(t, record.Header{Seen: 1}, values(3))
	newer := parse(t, extend(bytes.Clone(old.Bytes()), 0x40, 5, "kept"))
	want := extend(build(t, record.Header{Seen: 2}, values(4)).Bytes(), 0x40, 5, "kept")
	h := newer.Header()
	h.Seen = 2
	for name, got := range map[string][]byte{
		"under its own header":          record.Build(newer, h, false, values(4)),
		"under a fresh header":          record.Build(newer, record.Header{Seen: 2}, false, values(4)),
		"cleared, under its own header": record.Build(newer, h, true, values(4)),
		"its header on another record":  record.Build(old, h, false, values(4)),
	} {
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%swant\n%s", name, dump(got), dump(want))
		}
	}
	if record.Same(old, newer) {
		t.Error("an extension makes no difference to Same")
	}
}

func TestSameLeavesAsideSeenWritesAndStampsAlone(t *testing.T) {
	base := build(t, session(), values(3))
	for name, edit := range map[string]func(*record.Header){
		"kind": func(h *record.Header) { h.Kind = record.Ended }, "persistent": func(h *record.Header) { h.Persistent = true },
		"level": func(h *record.Header) { h.Level++ }, "created": func(h *record.Header) { h.Created++ },
		"authenticated": func(h *record.Header) { h.Authenticated++ }, "end": func(h *record.Header) { h.End++ },
		"idle": func(h *record.Header) { h.Idle++ }, "lifetime": func(h *record.Header) { h.Lifetime++ },
		"generation": func(h *record.Header) { h.Generation++ }, "secret": func(h *record.Header) { h.Secret[5]++ },
		"replaced": func(h *record.Header) { h.Replace(h.Secret, 2, 1) },
	} {
		h := base.Header()
		edit(&h)
		if record.Same(base, parse(t, record.Build(base, h, false, nil))) {
			t.Errorf("%s makes no difference", name)
		}
	}
	h := base.Header()
	h.Seen++
	h.Writes += 7
	h.Stamp(1)
	if !record.Same(base, parse(t, record.Build(base, h, false, nil))) {
		t.Error("seen, writes and stamps make a difference")
	}
	if record.Same(base, parse(t, record.Build(base, h, false, []record.Change{{Name: "cart", Value: []byte("2")}}))) {
		t.Error("a value makes no difference")
	}
}

func TestNamesOutOfBoundsPanic(t *testing.T) {
	base := build(t, session(), values(3))
	h := base.Header()
	for _, name := range []string{"", strings.Repeat("a", 65536)} {
		changes := []record.Change{{Name: name}}
		for how, write := range map[string]func(){
			"Build": func() { record.Build(record.Record{}, record.Header{}, false, changes) },
			"Patch": func() { record.Patch(base, 0, 1, changes) },
			"Next":  func() { record.Next(base, &h, 1, false, changes) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s: a name of %d bytes is written", how, len(name))
					}
				}()
				write()
			}()
		}
		if _, _, ok := base.Find(name); ok {
			t.Errorf("a name of %d bytes is found", len(name))
		}
	}
}
