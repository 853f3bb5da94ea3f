package memstore

import (
	"fmt"
	"testing"
	"time"

	"github.com/sojourn-go/session/store"
)

// This test looks inside, since nobody outside can make tags collide.
func TestIDsOfOneTagAreKeptApart(t *testing.T) {
	sh := &New(Options{}).shards[0]
	now := time.Now().UnixMilli()
	const tag, n = 0xabcdef01, 1000
	for i := range n {
		w := write{id: fmt.Sprintf("id%04d", i), tag: tag, end: never, class: classOf(headLen + 6)}
		_, missing, err := sh.save(&w, now)
		for w.lacks != (needs{}) {
			w.supply.provide(w.lacks)
			_, missing, err = sh.save(&w, now)
		}
		if missing.any() || err != nil {
			t.Fatalf("save: %v %v", missing, err)
		}
	}
	// From the last to the first: so no record moves, and no tag is computed.
	for i := n - 1; i >= 0; i-- {
		id := fmt.Sprintf("id%04d", i)
		var rec store.Record
		if ok := sh.load(&rec, id, tag, now, false); !ok || rec.Version != uint64(i+1) {
			t.Fatalf("%s: got %+v, %t, want version %d", id, rec, ok, i+1)
		}
		sh.delete(id, tag)
		if sh.load(&rec, id, tag, now, false) {
			t.Fatalf("%s is still there", id)
		}
	}
}

func TestEveryLengthHasTheSmallestClassThatHoldsIt(t *testing.T) {
	for n := headLen + 1; n <= maxSlot; n++ {
		c := classOf(n)
		if c < 1 || c >= classes || int(slotLen[c]) < n || int(slotLen[c-1]) >= n {
			t.Errorf("%d bytes: got class %d of %d bytes", n, c, slotLen[c])
		}
	}
}
