package memstore

import (
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// Whoever waited for the lock waited for the system, too, which cleared 2 MiB
// for a new block within it: 0.4 ms at a time. It has to look inside, since
// nobody outside can tell memory made under the lock from that made before.
func TestAGrowingStoreMakesNoMemoryUnderItsLocks(t *testing.T) {
	const n = 100_000
	st := New(Options{})
	now := time.Now().UnixMilli()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = "id" + strconv.Itoa(i)
	}
	data := make([]byte, 100)
	var made, retries uint64
	before := mallocs()
	for _, id := range ids {
		i, tag := st.locate(id)
		w := write{id: id, tag: tag, data: data, end: never, class: classOf(headLen + len(id) + len(data))}
		_, _, err := st.shards[i].save(&w, now)
		for ; err == nil && w.lacks != (needs{}); retries++ {
			start := mallocs()
			w.supply.provide(w.lacks)
			made += mallocs() - start
			_, _, err = st.shards[i].save(&w, now)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// A segment that is split may turn out uneven, and want more.
	if all := mallocs() - before; made < 1000 || all > made+made/100+50 {
		t.Errorf("got %d allocations, want the %d made before the lock was taken", all, made)
	}
	if retries > n/10 {
		t.Errorf("%d of %d saves took the lock twice, want few", retries, n)
	}
	if got := st.Stats().Sessions; got != n {
		t.Errorf("got %d sessions, want %d", got, n)
	}
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// With blocks of 32 KiB, each on its own, a collection took 5 ms for 5 million
// sessions, most of it to count blocks.
func TestAnArenaIsMadeOfFewPieces(t *testing.T) {
	var a arena
	const c, n = 20, 200_000
	for range n {
		a.alloc(c, &supply{})
	}
	blocks := len(a.class[c].blocks)
	have, chunks := 0, 0
	for _, b := range a.class[c].blocks {
		have += len(b)
		if cap(b) == blockLen { // the last one of its chunk
			chunks++
		}
	}
	if chunks > blocks/4 {
		t.Errorf("got %d chunks of %d blocks, want less than a quarter", chunks, blocks)
	}
	have += cap(a.class[c].blocks[blocks-1]) - blockLen
	if need := n * int(slotLen[c]); have > need+need/8 {
		t.Errorf("got %d bytes for %d, want an eighth more at most", have, need)
	}
}

func TestSlotsStayApartWhileAnArenaGrowsAndShrinks(t *testing.T) {
	var a arena
	const c, most = 20, 30_000 // so many are in chunks
	random := rand.New(rand.NewPCG(1, 1))
	var inUse []uint64 // by slot, what was written there
	for round := range 4 {
		for len(inUse) < most {
			r := a.alloc(c, &supply{})
			if got := int(r & (1<<24 - 1)); got != len(inUse) {
				t.Fatalf("got slot %d, want %d", got, len(inUse))
			}
			inUse = append(inUse, random.Uint64())
			rec := a.at(r)
			le.PutUint64(rec, inUse[len(inUse)-1])
			le.PutUint64(rec[len(rec)-8:], inUse[len(inUse)-1])
		}
		checkSlots(t, &a, c, inUse)
		for left := []int{most / 2, 10, most - 1, 0}[round]; len(inUse) > left; {
			i := random.IntN(len(inUse))
			a.free(ref(c<<24 | i))
			inUse[i] = inUse[len(inUse)-1]
			inUse = inUse[:len(inUse)-1]
		}
		checkSlots(t, &a, c, inUse)
	}
	if got := len(a.class[c].blocks); got != 0 {
		t.Errorf("got %d blocks of an empty arena, want none", got)
	}
}

func checkSlots(t *testing.T, a *arena, c int, want []uint64) {
	t.Helper()
	for i := range want {
		rec := a.at(ref(c<<24 | i))
		if first, last := le.Uint64(rec), le.Uint64(rec[len(rec)-8:]); first != want[i] || last != want[i] {
			t.Fatalf("slot %d of %d: got %x and %x, want %x", i, len(want), first, last, want[i])
		}
	}
}
