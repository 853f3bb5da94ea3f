package record

// Header decodes the whole header. It allocates nothing.
func (r Record) Header() Header {
	w := r.head()
	h := Header{Kind: w.kind(), Persistent: w.flags()&flagPersistent != 0, Level: w.level()}
	if len(r.data) < fixedSize {
		return h
	}
	fixed := r.data[:fixedSize]
	h.Seen, h.Writes = int64(le64(fixed[offSeen:])), le64(fixed[offWrites:])
	h.Created, h.Authenticated = int64(le64(fixed[offCreated:])), int64(le64(fixed[offAuthenticated:]))
	h.End, h.Idle = int64(le64(fixed[offEnd:])), int64(le64(fixed[offIdle:]))
	h.Lifetime, h.Generation = int64(le64(fixed[offLifetime:])), le64(fixed[offGeneration:])
	h.flags = w.flags() &^ knownFlags
	h.nstamps = uint8(w.stamps())
	for i := range h.stamps[:h.nstamps] {
		h.stamps[i] = le64(r.data[fixedSize+8*i:])
	}
	if w.flags()&flagSecret != 0 {
		h.Secret = [32]byte(r.data[w.secretAt():])
	}
	if from, to := w.replacedAt(), w.extAt(); from < to {
		h.replaced = r.data[from:to:to]
	}
	if w.flags()&flagExt != 0 {
		h.ext = r.data[w.extAt():r.table:r.table]
	}
	return h
}

// head returns the first eight bytes of a record of n values under h.
func (h *Header) head(n int) head {
	kind := max(h.Kind, Session)
	if kind > Owner {
		panic("record: unknown kind")
	}
	flags := h.flags
	if h.Persistent {
		flags |= flagPersistent
	}
	if h.Secret != [32]byte{} {
		flags |= flagSecret
	}
	if len(h.ext) > 0 {
		flags |= flagExt
	}
	return head(magic+Format) | head(kind)<<8 | head(h.Level)<<16 | head(flags)<<24 |
		head(h.nstamps)<<32 | head(len(h.replaced)/replacedSize)<<36 | head(n)<<40
}

// encode writes h, whose head is w, to the beginning of b.
func (h *Header) encode(b []byte, w head) {
	fixed := b[:fixedSize]
	put64(fixed, uint64(w))
	put64(fixed[offSeen:], uint64(h.Seen))
	put64(fixed[offWrites:], h.Writes)
	put64(fixed[offCreated:], uint64(h.Created))
	put64(fixed[offAuthenticated:], uint64(h.Authenticated))
	put64(fixed[offEnd:], uint64(h.End))
	put64(fixed[offIdle:], uint64(h.Idle))
	put64(fixed[offLifetime:], uint64(h.Lifetime))
	put64(fixed[offGeneration:], h.Generation)
	for i, s := range h.stamps[:h.nstamps] {
		put64(b[fixedSize+8*i:], s)
	}
	if w.flags()&flagSecret != 0 {
		copy(b[w.secretAt():], h.Secret[:])
	}
	copy(b[w.replacedAt():], h.replaced)
	copy(b[w.extAt():], h.ext)
}
