package session

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/sojourn-go/session/internal/record"
)

// A login that is stale is no recent one, whenever it was: since its session,
// remembered, was not used for longer than Idle, or turned out to be forked.

// makeRecent notes that the owner has just been recognised. A session that is
// remembered has room for when it gets stale, so that a sealed one that just fits
// into its cookie still does then.
func makeRecent(h *record.Header) {
	var none []byte
	if h.Persistent {
		none = make([]byte, 8)
	}
	h.Extend(record.ExtStale, none)
}

// makeStale notes since when a login is stale, unless it is already.
func makeStale(h *record.Header, since int64) {
	if noted(h) == 0 {
		h.Extend(record.ExtStale, binary.LittleEndian.AppendUint64(nil, uint64(since)))
	}
}

// noted returns since when a login was noted to be stale; 0: it was not.
func noted(h *record.Header) int64 {
	b := h.Extension(record.ExtStale)
	if len(b) != 8 {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(b))
}

// staleSince returns since when a login is stale, as of now, whether or not that
// was noted; 0: it is not.
func staleSince(h *record.Header, now int64) int64 {
	if since := noted(h); since != 0 {
		return since
	}
	if h.Persistent && h.Idle != 0 && now-h.Seen >= h.Idle {
		return h.Seen + h.Idle
	}
	return 0
}

// A staling makes the login of a session stale.
type staling struct {
	job
	now int64
}

func (s *staling) decide(d *draft, _ time.Time) error {
	if d.exists && d.kind() == record.Session {
		makeStale(d.header(), s.now)
	}
	return nil
}

func (m *Manager) makeStale(ctx context.Context, id string, now int64) error {
	j := &staling{now: now}
	j.decider = j
	j.id, j.lim, j.durable = id, newLimit(ctx, m.opts.Timeout), true
	m.queues.commit(&j.job)
	return j.verdict()
}
