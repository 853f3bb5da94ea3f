package memstore

const (
	maxPlaces = 512 // of one segment: what is moved at once when an index grows
	maxDepth  = 20
)

// An index finds refs by 32-bit tags; what it finds may belong to another id
// of the same tag. It is cut into segments by the first bits of the tags, as
// in extendible hashing: a segment that gets too large is split, and nothing
// else has to move. So it never stops to grow as a whole.
type index struct {
	depth    uint8
	dir      []uint32 // from the first depth bits of a tag to its segment
	segments []segment
}

// A segment is an open-addressing table of the tags that begin with the same
// depth bits.
type segment struct {
	places []uint64 // tag<<32 | ref, or 0; probed linearly from home
	used   int
	depth  uint8
}

func (x *index) init() {
	x.dir = make([]uint32, 1)
	x.segments = make([]segment, 1)
}

func (x *index) segment(tag uint32) *segment {
	return &x.segments[x.dir[tag>>(32-x.depth)]]
}

// home is where the probing for a tag begins. It keeps the order of tags, and
// so works for any number of places.
func (g *segment) home(tag uint32) int {
	return int(uint64(tag<<g.depth) * uint64(len(g.places)) >> 32)
}

func (g *segment) after(i int) int {
	if i++; i < len(g.places) {
		return i
	}
	return 0
}

// full leaves an eighth of the places free: probing ends at a free one.
func (g *segment) full() bool  { return 8*(g.used+1) > 7*len(g.places) }
func (g *segment) larger() int { return len(g.places)*5/4 + 8 }

func (g *segment) put(place uint64) {
	i := g.home(uint32(place >> 32))
	for g.places[i] != 0 {
		i = g.after(i)
	}
	g.places[i] = place
	g.used++
}

// search returns where tag and r stand; they must be there.
func (g *segment) search(tag uint32, r ref) int {
	want := uint64(tag)<<32 | uint64(r)
	i := g.home(tag)
	for g.places[i] != want {
		i = g.after(i)
	}
	return i
}

// resize moves the places into a table, which is empty.
func (g *segment) resize(places []uint64) {
	old := g.places
	g.places, g.used = places, 0
	for _, p := range old {
		if p != 0 {
			g.put(p)
		}
	}
}

// splits tells whether a full segment is cut in two, instead of made larger.
func (g *segment) splits() bool { return g.larger() > maxPlaces && g.depth < maxDepth }

// half is how many places each half of a split begins with.
func (g *segment) half() int { return g.used * 2 / 3 }

// needs adds what insert will want for a tag.
func (x *index) needs(tag uint32, n *needs) {
	g := x.segment(tag)
	switch {
	case !g.full():
	case !g.splits():
		n.table = g.larger()
	default:
		n.table, n.high = g.half(), g.half()
		if len(x.segments) == cap(x.segments) {
			n.segments = len(x.segments) + len(x.segments)/4 + 1
		}
		if g.depth == x.depth {
			n.dir = 2 * len(x.dir)
		}
	}
}

func (x *index) insert(tag uint32, r ref, from *supply) {
	g := x.segment(tag)
	for g.full() {
		if !g.splits() {
			g.resize(take(&from.table, g.larger()))
			continue
		}
		x.split(tag, from)
		g = x.segment(tag)
	}
	g.put(uint64(tag)<<32 | uint64(r))
}

// split cuts the segment of tag in two.
func (x *index) split(tag uint32, from *supply) {
	n := x.dir[tag>>(32-x.depth)]
	old := x.segments[n]
	if old.depth == x.depth {
		dir := take(&from.dir, 2*len(x.dir))[:2*len(x.dir)]
		for i := range dir {
			dir[i] = x.dir[i/2]
		}
		x.dir, x.depth = dir, x.depth+1
	}
	low := segment{depth: old.depth + 1}
	high := low
	low.resize(take(&from.table, old.half()))
	high.resize(take(&from.high, old.half()))
	for _, p := range old.places {
		if p == 0 {
			continue
		}
		half := &low
		if p>>(63-old.depth)&1 == 1 {
			half = &high
		}
		if half.full() {
			half.resize(zeroes[uint64](half.larger()))
		}
		half.put(p)
	}
	x.segments[n] = low
	if len(x.segments) == cap(x.segments) {
		list := take(&from.segments, len(x.segments)+1)
		x.segments = list[:copy(list, x.segments)]
	}
	x.segments = append(x.segments, high)
	// The directory's entries of the old segment stand side by side.
	width := 1 << (x.depth - old.depth)
	first := int(tag>>(32-x.depth)) &^ (width - 1)
	for i := first + width/2; i < first+width; i++ {
		x.dir[i] = uint32(len(x.segments) - 1)
	}
}

// remove shifts back what follows, so that no probing ends too early and no
// tombstone is left.
func (x *index) remove(tag uint32, r ref) {
	g := x.segment(tag)
	hole := g.search(tag, r)
	n := len(g.places)
	for i := g.after(hole); g.places[i] != 0; i = g.after(i) {
		home := g.home(uint32(g.places[i] >> 32))
		if (i-home+n)%n >= (i-hole+n)%n {
			g.places[hole] = g.places[i]
			hole = i
		}
	}
	g.places[hole] = 0
	g.used--
	if n > 32 && 8*g.used < 3*n {
		g.resize(zeroes[uint64](g.used*5/3 + 8))
	}
}

func (x *index) replace(tag uint32, from, to ref) {
	g := x.segment(tag)
	g.places[g.search(tag, from)] = uint64(tag)<<32 | uint64(to)
}
