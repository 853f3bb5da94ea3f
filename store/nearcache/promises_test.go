package nearcache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/nearcache"
)

const bound = 2 * time.Second

// promises are the rows of the table in the package documentation.
var promises = []struct {
	row  string
	hold func(*lab)
}{
	{"an answer from memory was asked for less than Bound ago", askedWithinBound},
	{"nothing comes from memory unless the feed vouched for a time less than Bound ago", vouchedWithinBound},
	{"nothing asked for before Forget or ForgetAll comes from memory after it", forgotten},
	{"an expired record does not come from memory", expired},
	{"after a Save or Delete, whatever it returned, nothing older comes from memory", afterWriting},
	{"after a Load or LoadCached, nothing older than what it returned comes from memory", afterLoading},
	{"while a Save or Delete is under way, nothing asked for before it comes from memory", whileWriting},
	{"an answer that was on its way during any of 3, 5, 6, 7 is not kept", onItsWay},
	{"neither ErrNotFound nor another error is kept", errorsAreNotKept},
	{"what comes from memory is the record as it was, in bytes that nobody else holds", asItWas},
	{"when the context is done, nothing comes from memory", doneContext},
	{"what is kept takes no more than MaxBytes and MaxSessions", bounded},
}

func TestThePromisesOfThePackageDocumentation(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^//\t *(\d+)  (.*)$`).FindAllStringSubmatch(string(text), -1)
	if len(rows) != len(promises) {
		t.Fatalf("the table has %d rows, want %d as here", len(rows), len(promises))
	}
	for i, p := range promises {
		if rows[i][1] != fmt.Sprint(i+1) || rows[i][2] != p.row {
			t.Errorf("row %d of the table: got %q, want %q", i+1, rows[i][0], p.row)
		}
		t.Run(p.row, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { p.hold(newLab(t, nearcache.Options{Bound: bound})) })
		})
	}
}

func askedWithinBound(l *lab) {
	l.keep("old")
	l.elsewhere("id", "new")
	time.Sleep(bound - time.Millisecond)
	l.Vouch(time.Now())
	l.wantMemory("old")
	time.Sleep(time.Millisecond)
	l.Vouch(time.Now())
	l.wantAsked("new")

	// It counts from when the question was sent, however long it travels.
	l.Forget("id")
	if _, err := l.LoadCached(with(l.t, call{there: bound / 4, back: bound / 4}), "id"); err != nil {
		l.t.Error(err)
	}
	time.Sleep(bound/2 - time.Millisecond)
	l.Vouch(time.Now())
	l.wantMemory("new")
	time.Sleep(time.Millisecond)
	l.wantAsked("new")
	l.Forget("id")
	if _, err := l.LoadCached(with(l.t, call{there: bound}), "id"); err != nil {
		l.t.Error(err)
	}
	l.Vouch(time.Now())
	l.wantAsked("new")
}

func vouchedWithinBound(l *lab) {
	l.elsewhere("id", "data")
	for range 3 {
		l.wantAsked("data")
	}
	l.Vouch(time.Now().Add(-bound))
	l.wantAsked("data")
	l.wantAsked("data")

	l.Vouch(time.Now().Add(-bound / 2))
	l.wantAsked("data")
	time.Sleep(bound/2 - 1)
	l.wantMemory("data")
	time.Sleep(time.Nanosecond)
	l.Forget("id")
	l.wantAsked("data")

	// What was asked for without a vouch is not kept for when there is one.
	l.Vouch(time.Now())
	l.wantAsked("data")
	l.wantMemory("data")
}

func forgotten(l *lab) {
	for name, forget := range map[string]func(){
		"Forget":    func() { l.Forget("id") },
		"ForgetAll": l.ForgetAll,
	} {
		l.keep("old " + name)
		l.elsewhere("id", "new "+name)
		l.Forget("another")
		l.wantMemory("old " + name)
		forget()
		l.wantAsked("new " + name)
		l.wantMemory("new " + name)
	}
}

func expired(l *lab) {
	l.Vouch(time.Now())
	end := time.Now().Add(bound / 2)
	if _, err := l.Save(l.t.Context(), "id", store.Record{Data: []byte("data"), Expires: end}); err != nil {
		l.t.Fatal(err)
	}
	l.wantAsked("data")
	time.Sleep(time.Until(end) - time.Millisecond)
	l.wantMemory("data")
	time.Sleep(time.Millisecond)
	l.wantAsked(store.ErrNotFound.Error())
}

// writes are all that can come of a Save or a Delete of "id", which is applied
// after one way and answered after two.
var writes = map[string]func(*lab, time.Duration) error{
	"Save": func(l *lab, way time.Duration) error { return l.save(call{there: way, back: way}, "new") },
	"Save, not durable": func(l *lab, way time.Duration) error {
		return l.save(call{there: way, back: way, fail: store.ErrNotDurable}, "new")
	},
	"Save, answer lost": func(l *lab, way time.Duration) error {
		return l.save(call{there: way, back: way, fail: errors.New("lost")}, "new")
	},
	"Save, panic": func(l *lab, way time.Duration) error { return l.save(call{there: way, back: way, panics: true}, "new") },
	"Save, conflict": func(l *lab, way time.Duration) error {
		l.elsewhere("id", "new")
		_, err := l.Save(with(l.t, call{there: way, back: way}), "id", store.Record{Version: 1 << 63})
		return err
	},
	"Delete": func(l *lab, way time.Duration) error { return l.Delete(with(l.t, call{there: way, back: way}), "id") },
	"Delete, answer lost": func(l *lab, way time.Duration) error {
		return l.Delete(with(l.t, call{there: way, back: way, fail: errors.New("lost")}), "id")
	},
	"Delete, panic": func(l *lab, way time.Duration) (err error) {
		defer func() { err, _ = recover().(error) }()
		return l.Delete(with(l.t, call{there: way, back: way, panics: true}), "id")
	},
}

// unwritten is what is there while a write of that name is on its way.
func unwritten(name string) string {
	if name == "Save, conflict" {
		return "new"
	}
	return "old"
}

// written is what is there after a write of that name.
func written(name string) string {
	if strings.HasPrefix(name, "Delete") {
		return store.ErrNotFound.Error()
	}
	return "new"
}

func afterWriting(l *lab) {
	for name, write := range writes {
		l.keep("old")
		err := write(l, 0)
		if got, memory := l.cached(); got != written(name) || memory {
			l.t.Errorf("after %s (%v): got %q, from memory: %t", name, err, got, memory)
		}
	}
}

func afterLoading(l *lab) {
	// What a lost Save, applied late, has left is seen by a Load first.
	l.keep("old")
	l.elsewhere("id", "new")
	if rec, err := l.Load(l.t.Context(), "id"); err != nil || string(rec.Data) != "new" {
		l.t.Fatalf("got %q, %v", rec.Data, err)
	}
	l.wantAsked("new")

	l.keep("old")
	if err := l.inside.Store.Delete(l.t.Context(), "id"); err != nil {
		l.t.Fatal(err)
	}
	if _, err := l.Load(l.t.Context(), "id"); !errors.Is(err, store.ErrNotFound) {
		l.t.Fatal(err)
	}
	l.wantAsked(store.ErrNotFound.Error())

	// A Load that finds what is kept, or nothing out, is no reason to forget.
	l.keep("same")
	if _, err := l.Load(l.t.Context(), "id"); err != nil {
		l.t.Fatal(err)
	}
	if _, err := l.Load(with(l.t, call{fail: errors.New("down")}), "id"); err == nil {
		l.t.Fatal("got no error")
	}
	l.wantMemory("same")

	// Of two LoadCacheds at once the later one knows more, whichever is answered first.
	for _, late := range []time.Duration{3 * time.Millisecond, 30 * time.Millisecond} {
		l.keep("old")
		l.ForgetAll()
		var wg sync.WaitGroup
		wg.Go(func() { l.LoadCached(with(l.t, call{back: 10 * time.Millisecond}), "id") })
		time.Sleep(time.Millisecond)
		l.elsewhere("id", "new")
		rec, err := l.LoadCached(with(l.t, call{back: late}), "id")
		if err != nil || string(rec.Data) != "new" {
			l.t.Fatalf("got %q, %v", rec.Data, err)
		}
		wg.Wait()
		l.wantAsked("new")
	}
}

func whileWriting(l *lab) {
	for name, write := range writes {
		l.keep("old")
		var wg sync.WaitGroup
		wg.Go(func() { write(l, time.Second) })
		time.Sleep(time.Second / 2)
		if got, memory := l.cached(); got != unwritten(name) || memory {
			l.t.Errorf("%s on its way: got %q, from memory: %t", name, got, memory)
		}
		time.Sleep(time.Second)
		l.Forget("id")
		if got, memory := l.cached(); got != written(name) || memory {
			l.t.Errorf("%s applied: got %q, from memory: %t", name, got, memory)
		}
		wg.Wait()
	}
}

func onItsWay(l *lab) {
	l.wantNotKept("Forget", "new", func() {
		l.elsewhere("id", "new")
		l.Forget("id")
	})
	l.wantNotKept("ForgetAll", "new", func() {
		l.elsewhere("id", "new")
		l.ForgetAll()
	})
	l.wantNotKept("Load", "new", func() {
		l.elsewhere("id", "new")
		l.Load(l.t.Context(), "id")
	})
	l.wantNotKept("LoadCached", "new", func() {
		l.elsewhere("id", "new")
		l.wantAsked("new")
		l.wantMemory("new") // until the older answer comes
	})
	for name, write := range writes {
		l.wantNotKept(name, written(name), func() { write(l, 0) })
		for _, asked := range []time.Duration{5 * time.Millisecond, 15 * time.Millisecond} {
			l.keep("old")
			l.ForgetAll()
			var wg sync.WaitGroup
			wg.Go(func() { write(l, 10*time.Millisecond) })
			time.Sleep(asked)
			l.cached()
			wg.Wait()
			if got, memory := l.cached(); got != written(name) || memory {
				l.t.Errorf("asked for %v into %s: got %q, from memory: %t", asked, name, got, memory)
			}
		}
	}
}

// wantNotKept wants that an answer is not kept if event happens while it is on
// its way, and that want is there then.
func (l *lab) wantNotKept(name, want string, event func()) {
	l.t.Helper()
	l.keep("old")
	l.ForgetAll()
	var question, happening sync.WaitGroup
	question.Go(func() { l.LoadCached(with(l.t, call{back: 10 * time.Millisecond}), "id") })
	time.Sleep(time.Millisecond)
	happening.Go(event)
	question.Wait()
	if got, memory := l.cached(); got != want || memory {
		l.t.Errorf("%s: got %q, from memory: %t; want %q from the store inside", name, got, memory, want)
	}
	happening.Wait()
}

func errorsAreNotKept(l *lab) {
	l.Vouch(time.Now())
	l.wantAsked(store.ErrNotFound.Error())
	l.wantAsked(store.ErrNotFound.Error())
	l.elsewhere("id", "data")
	down := errors.New("down")
	if _, err := l.LoadCached(with(l.t, call{fail: down}), "id"); !errors.Is(err, down) {
		l.t.Errorf("got %v, want the error of the store inside", err)
	}
	l.wantAsked("data")
	l.wantMemory("data")
}

func asItWas(l *lab) {
	l.Vouch(time.Now())
	ctx := l.t.Context()
	end := time.Now().Add(time.Hour).Truncate(time.Millisecond)
	for i, rec := range []store.Record{
		{},
		{Data: []byte("data")},
		{Owner: "ann"},
		{Data: []byte("data"), Owner: strings.Repeat("ü", 127), Expires: end},
		{Data: bytes.Repeat([]byte("long"), 1<<18), Owner: "bob", Expires: time.UnixMilli(253402300799999)},
	} {
		id := fmt.Sprint(i)
		if _, err := l.Save(ctx, id, rec); err != nil {
			l.t.Fatal(err)
		}
		want, err := l.inside.Load(ctx, id)
		if err != nil {
			l.t.Fatal(err)
		}
		for n := range 4 {
			got, err := l.LoadCached(ctx, id)
			if err != nil || !same(got, want) || uint64(n) != l.Stats().Hits-3*uint64(i) {
				l.t.Fatalf("record %d, time %d: got %.99v, %v, want %.99v", i, n, got, err, want)
			}
			for j := range got.Data {
				got.Data[j] = 'x'
			}
			_ = append(got.Data, 'x')
		}
	}
}

func doneContext(l *lab) {
	l.keep("data")
	ctx, cancel := context.WithCancelCause(l.t.Context())
	cancel(errors.New("a cause"))
	before := l.Stats()
	if rec, err := l.LoadCached(ctx, "id"); !errors.Is(err, ctx.Err()) || rec.Data != nil {
		l.t.Errorf("got %v, %v, want %v", rec, err, ctx.Err())
	}
	if after := l.Stats(); after != before {
		l.t.Errorf("got %+v, want %+v", after, before)
	}
	l.wantMemory("data")
}

func bounded(l *lab) {
	for _, o := range []nearcache.Options{{MaxBytes: 4096}, {MaxSessions: 10}, {MaxBytes: 1}} {
		l := newLab(l.t, o)
		l.Vouch(time.Now())
		full := 0
		for i := range 100 {
			id := fmt.Sprint(i)
			l.elsewhere(id, "data")
			for range 2 {
				if rec, err := l.LoadCached(l.t.Context(), id); err != nil || string(rec.Data) != "data" {
					l.t.Fatalf("got %q, %v", rec.Data, err)
				}
			}
			s := l.Stats()
			full = max(full, s.Sessions)
			if o.MaxBytes > 0 && s.Bytes > o.MaxBytes || o.MaxSessions > 0 && s.Sessions > o.MaxSessions {
				l.t.Fatalf("%+v: got %+v", o, s)
			}
		}
		// There is always room for the latest, if there is room for any.
		if kept := l.Stats().Hits == 100; kept != (o.MaxBytes != 1) || kept != (full >= 10) {
			l.t.Errorf("%+v: got %+v, at most %d at once", o, l.Stats(), full)
		}
	}
}
