package record

import "bytes"

// Next returns what BuildRecord returns of h after h.Stamp(stamp), and whether it differs from base by more than Same leaves aside: if it
// does not, nothing need be written. It does not change h. As long as h is base's own header, with a later Seen at most, it costs no
// more than Patch.
func Next(base Record, h *Header, stamp uint64, clear bool, changes []Change) (r Record, changed bool) {
	if !clear && h.isOf(base) {
		return Patch(base, h.Seen, stamp, changes)
	}
	stamped := *h
	stamped.Stamp(stamp)
	r = BuildRecord(base, &stamped, clear, changes)
	return r, !Same(r, base)
}

// isOf reports whether h is base's header, but for a later Seen: whether Patch copies what Build would encode.
func (h *Header) isOf(base Record) bool {
	w, own := base.head(), h.head(base.Len())
	fresh := h.fresh()
	if fresh {
		own |= w & newerMask
	}
	if own != w || h.Seen < base.Seen() || h.Writes != base.Writes() || h.Created != base.Created() ||
		h.Authenticated != base.Authenticated() || h.End != base.End() || h.Idle != base.Idle() ||
		h.Lifetime != base.Lifetime() || h.Generation != base.Generation() {
		return false
	}
	data := base.bytesOrBlank()
	for i, s := range h.stamps[:h.nstamps] {
		if s != le64(data[fixedSize+8*i:]) {
			return false
		}
	}
	if w.flags()&flagSecret != 0 && h.Secret != [32]byte(data[w.secretAt():]) {
		return false
	}
	return bytes.Equal(h.replaced, data[w.replacedAt():w.extAt()]) && (fresh || bytes.Equal(h.ext, data[w.extAt():base.headerSize()]))
}
