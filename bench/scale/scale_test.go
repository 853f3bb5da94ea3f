package main

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestASmallRunFindsAllFiguresOfBothStores(t *testing.T) {
	var out strings.Builder
	if err := run([]string{"-sizes", "2000", "-json"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal([]byte(out.String()), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Stores) != len(subjects) || len(r.Verdicts) == 0 {
		t.Fatalf("got %+v, want a part for each of %v, and verdicts", r, subjects)
	}
	for k, f := range r.Stores {
		if f.Store != subjects[k] || f.Sessions != 2000 {
			t.Errorf("got %s of %d, want %s of 2000", f.Store, f.Sessions, subjects[k])
		}
		if f.HeapOverhead <= 0 || f.HeapPerSession != f.HeapOverhead+dataLen || f.GCMillis <= 0 || f.LoadNanos <= 0 {
			t.Errorf("got %+v, want costs", f)
		}
		for _, all := range [][]float64{f.SweepWallMillis, f.SweepMillis, f.DuringSweepMillis, f.QuietMillis} {
			if len(all) != rounds {
				t.Errorf("%s: got %v, want a figure for each of %d rounds", f.Store, all, rounds)
			}
		}
		checkHolds(t, f)
	}
	var table strings.Builder
	if err := r.print(&table); err != nil || !strings.Contains(table.String(), opSweepDue) {
		t.Errorf("got %v and the table\n%s", err, table.String())
	}
}

func checkHolds(t *testing.T, f Figures) {
	t.Helper()
	want := []string{opEmpty, opCreate, opLoad, opList, opSave, opSweepDue, opSweep, opFull, opDelete}
	if f.Store == "scs" {
		want = slices.DeleteFunc(want, func(op string) bool { return op == opFull })
	}
	var got []string
	for _, h := range f.Holds {
		got = append(got, h.Operation)
		if h.LongestMicros <= 0 || h.TotalMillis*1000 < h.LongestMicros*0.999 { // one of them is rounded
			t.Errorf("%s: got %+v, want a length", f.Store, h)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: got the operations %q, want %q", f.Store, got, want)
	}
}

func TestAnEditOfWhatIsNotThereOnceFails(t *testing.T) {
	for _, text := range []string{"none", "old, and old"} {
		if got, err := apply(text, []edit{{"old", "new"}}); err == nil {
			t.Errorf("got %q from %q, want an error", got, text)
		}
	}
	if got, err := apply("an old one", []edit{{"old", "new"}, {"one", "1"}}); got != "an new 1" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestDemandsAreMetUpToTheirBounds(t *testing.T) {
	stores := []Figures{
		{Store: "memstore", Sessions: million, HeapOverhead: 90, GCMillis: 2, LoadNanos: 250.1, Holds: []Hold{
			{Operation: opEmpty, LongestMicros: 1000}, {Operation: opLoad, LongestMicros: 201},
		}},
		{Store: "scs", Sessions: million, GCMillis: 100},
	}
	want := []bool{true, false, false, true}
	for k, v := range judge(stores) {
		if v.Met != want[k] {
			t.Errorf("got %+v, want met %t", v, want[k])
		}
	}
	if got := len(judge(stores)); got != len(want) {
		t.Errorf("got %d verdicts, want %d", got, len(want))
	}
}

func TestASessionIsMadeOfNothingButItsNumber(t *testing.T) {
	seen := map[string]bool{}
	for i := range 10_000 {
		seen[idOf(i, 24)] = true
	}
	if len(seen) != 10_000 || idOf(7, 43)[:24] != idOf(7, 24) || len(idOf(7, 43)) != 43 || len(dataOf(7)) != dataLen {
		t.Errorf("got %d ids of 10000 sessions", len(seen))
	}
	if got := countDue(1000); got != 100 {
		t.Errorf("got %d due of 1000, want a tenth", got)
	}
}
