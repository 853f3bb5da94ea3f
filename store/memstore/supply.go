package memstore

// A supply is fresh memory for what a write has to make larger. It is made
// before the lock is taken, and touched there: else the lock would be held
// while the system clears pages, which it may do by 2 MiB at once (measured:
// 0.1 to 0.4 ms), and while the garbage collector asks for help.
type supply struct {
	block       []byte
	blocks      [][]byte
	table, high []uint64 // the second one is for the second half of a split
	dir         []uint32
	segments    []segment
}

// Needs are the lengths that a supply must have.
type needs struct{ block, blocks, table, high, dir, segments int }

// lacks returns n, or no needs if s is enough for it.
func (s *supply) lacks(n needs) needs {
	if len(s.block) >= n.block && len(s.blocks) >= n.blocks &&
		len(s.table) >= n.table && len(s.high) >= n.high &&
		len(s.dir) >= n.dir && len(s.segments) >= n.segments {
		return needs{}
	}
	return n
}

// provide makes s enough for n.
func (s *supply) provide(n needs) {
	provide(&s.block, n.block)
	provide(&s.blocks, n.blocks)
	provide(&s.table, n.table)
	provide(&s.high, n.high)
	provide(&s.dir, n.dir)
	provide(&s.segments, n.segments)
}

func provide[T any](have *[]T, n int) {
	if len(*have) < n {
		*have = zeroes[T](n)
	}
}

// take returns what is in *have if it is n long, or else makes it now. It is
// not there for a second time.
func take[T any](have *[]T, n int) []T {
	got := *have
	*have = nil
	if len(got) < n {
		return zeroes[T](n)
	}
	return got
}

// zeroes returns at least n of them; the allocator rounds the length up, and
// what it gives is used.
func zeroes[T any](n int) []T {
	s := append([]T(nil), make([]T, n)...)
	s = s[:cap(s)]
	clear(s) // they are zeroes, but perhaps not pages yet
	return s
}

// needs are what it takes to add a record of class c with this tag.
func (sh *shard) needs(c int, tag uint32) (n needs) {
	n.block, n.blocks = sh.arena.needs(c)
	sh.index.needs(tag, &n)
	return n
}
