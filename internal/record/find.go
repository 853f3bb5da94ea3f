package record

// Find returns the value under name, and its place in the record's order; if there is none, the place where it would stand. The
// time it takes does not depend on the number of values. The caller must not change the value.
func (r Record) Find(name string) (i int, value []byte, ok bool) {
	if r.n == 0 || name == "" || len(name) > maxName {
		return 0, nil, false
	}
	if r.n <= handful {
		if i, value, ok = r.among(name); ok {
			return i, value, true
		}
	}
	i, ok = r.search(keyOf(name), name)
	if !ok {
		return i, nil, false
	}
	mid, end := r.start(i)+len(name), r.entry(i).end()
	return i, r.body()[mid:end:end], true
}

// handful is up to how many values it is faster to look at each than to hash the name.
const handful = 4

// among is Find among a handful. Where a name that is not there would stand it does not know, since that depends on the tag.
func (r Record) among(name string) (int, []byte, bool) {
	entries, body := r.entries(0, r.Len()), r.body()
	start := 0
	for i := 0; len(entries) >= entrySize; i++ {
		e := entry(le64(entries))
		mid, end := start+len(name), e.end()
		if e.nameLen() == len(name) && string(body[start:mid]) == name {
			return i, body[mid:end:end], true
		}
		start, entries = end, entries[entrySize:]
	}
	return 0, nil, false
}

// search returns the place of the first entry not less than key and name, and whether it is the one. There is at least one.
func (r Record) search(key uint32, name string) (int, bool) {
	entries := r.entries(0, r.Len())
	n := len(entries) / entrySize
	i := guess(entries, key)
	least, most := max(i-maxSteps, 0), min(i+maxSteps, n)
	for i > least && keyAt(entries, i-1) >= key {
		i--
	}
	for i < most && keyAt(entries, i) < key {
		i++
	}
	for ; i < most && keyAt(entries, i) == key; i++ {
		start := r.start(i)
		if at := r.body()[start : start+len(name)]; string(at) == name {
			return i, true
		} else if string(at) > name {
			break
		}
	}
	if i == least && i > 0 || i == most && i < n {
		return r.bisect(key, name)
	}
	return i, false
}

// maxSteps is how far search walks from a guess. Only names chosen to share a tag lead further.
const maxSteps = 16

// guess returns where key would be if tags were spread without any chance, set right by the entry found there: not at all among few
// values, for which the walk is short, and three times among any number, since each time about halves the digits of the error.
func guess(entries []byte, key uint32) int {
	n := int64(len(entries) / entrySize)
	i := int64(key) * n >> 32
	for range min(n/32, 3) {
		off := (int64(key) - int64(keyAt(entries, int(i)))) * n >> 32
		i = min(max(i+off, 0), n-1)
	}
	return int(i)
}

func keyAt(entries []byte, i int) uint32 { return entry(le64(entries[entrySize*i:])).key() }

// bisect is search in logarithmic time, whatever the names.
func (r Record) bisect(key uint32, name string) (int, bool) {
	lo, hi := 0, r.Len()
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		k, at := r.entry(mid).key(), r.NameAt(mid)
		switch {
		case k == key && string(at) == name:
			return mid, true
		case k < key || k == key && string(at) < name:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return lo, false
}
