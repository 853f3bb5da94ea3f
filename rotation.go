package session

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"log/slog"
	"time"

	"github.com/sojourn-go/session/internal/record"
	"github.com/sojourn-go/session/store"
)

// Rotation gives a session another secret from time to time (Options.Rotate),
// under the same id and in the same generation, so that requests under way go
// on. The next secret follows from the one before and a nonce in the record:
// whoever still presents the one before is given the same next one, without the
// store ever having held either.
//
// The first part of a secret, the family, stays through rotations. By its hash a
// token that was rotated away, however long ago, is told from a mere wrong one.
const (
	familyBytes  = 12
	rotatedBytes = secretBytes - familyBytes // 144 bits that the holder of an older token has to guess
)

// grace is for how long a replaced secret is accepted, from when the new one was
// first presented. As long as it was not, its answer may have been lost.
const grace = 30 * time.Second

// A rotation is how the present secret of a record came about.
type rotation struct {
	at     int64 // when; Unix ms
	seen   int64 // when it was first presented; 0: it was not yet
	nonce  [16]byte
	before [sha256.Size]byte // the hash of the secret before
	family [16]byte          // a hash of the family
}

const (
	rotationSize = 8 + 8 + 16 + sha256.Size + 16
	rotationRoom = rotationSize + 2 + 3 + 8 // what the first one adds to a record, with a stamp
)

func (r *rotation) encode() []byte {
	b := make([]byte, 0, rotationSize)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.at))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.seen))
	b = append(b, r.nonce[:]...)
	b = append(b, r.before[:]...)
	return append(b, r.family[:]...)
}

// rotationOf returns the rotation that an extension tells of, and whether there was
// one since the last login or renewal.
func rotationOf(b []byte) (rot rotation, ok bool) {
	if len(b) != rotationSize {
		return rot, false
	}
	rot.at, rot.seen = int64(binary.LittleEndian.Uint64(b)), int64(binary.LittleEndian.Uint64(b[8:]))
	copy(rot.nonce[:], b[16:])
	copy(rot.before[:], b[32:])
	copy(rot.family[:], b[64:])
	return rot, true
}

// graceful reports whether the secret before is still accepted.
func (r *rotation) graceful(now int64) bool {
	return r.seen == 0 || now < r.seen+grace.Milliseconds()
}

// secretOf returns the secret of a well-formed token.
func secretOf(token string) (secret [secretBytes]byte) {
	_, _ = base64.RawURLEncoding.Decode(secret[:], []byte(token[idLen:tokenLen]))
	return secret
}

// next returns the token that follows upon one.
func (r *rotation) next(token string) string {
	secret := secretOf(token)
	mac := hmac.New(sha256.New, secret[:])
	mac.Write([]byte("sojourn rotation"))
	mac.Write(r.nonce[:])
	copy(secret[familyBytes:], mac.Sum(nil)[:rotatedBytes])
	return token[:idLen] + base64.RawURLEncoding.EncodeToString(secret[:])
}

func familyOf(token string) (family [16]byte) {
	secret := secretOf(token)
	sum := sha256.Sum256(append([]byte("sojourn family"), secret[:familyBytes]...))
	copy(family[:], sum[:])
	return family
}

// A kinship is what a token that is not a record's present one is to it.
type kinship uint8

const (
	stranger kinship = iota
	before           // the one before, in its grace
	forked           // it was rotated away
)

// kin tells how a token, whose secret has the hash, is related to the record's.
func kin(r record.Record, token string, hash *[sha256.Size]byte, now int64) (kinship, string) {
	rot, ok := rotationOf(r.Extension(record.ExtRotation))
	if !ok {
		return stranger, ""
	}
	if subtle.ConstantTimeCompare(rot.before[:], hash[:]) == 1 && rot.graceful(now) {
		next := rot.next(token)
		if hash := secretHash(next); r.SecretIs(&hash) {
			return before, next
		}
	}
	if family := familyOf(token); subtle.ConstantTimeCompare(rot.family[:], family[:]) == 1 {
		return forked, ""
	}
	return stranger, ""
}

// current returns the token that the record is opened by to the holder of one
// that opened it lately; "" if that is too long ago to tell.
func current(r record.Record, token string) string {
	hash := secretHash(token)
	if r.SecretIs(&hash) {
		return token
	}
	if rot, ok := rotationOf(r.Extension(record.ExtRotation)); ok && rot.before == hash {
		next := rot.next(token)
		if hash = secretHash(next); r.SecretIs(&hash) {
			return next
		}
	}
	return ""
}

// rotates reports whether the record of a session whose present token was
// presented is to be written: since it has come for the first time, or, where a
// cookie can be sent, since it is time for the next.
func (o *Options) rotates(r record.Record, now int64, sends bool) bool {
	rot, ok := rotationOf(r.Extension(record.ExtRotation))
	if ok && rot.seen == 0 {
		return true
	}
	if o.Rotate == 0 || !sends || ok && rot.graceful(now) {
		return false
	}
	if !ok && len(r.Bytes())+rotationRoom > o.MaxRecord {
		return false // every write would be refused from then on, which is worse
	}
	return now >= max(rot.at, r.Authenticated(), r.Created())+o.Rotate.Milliseconds()
}

// rotate changes the header of a record of which rotates was true, and returns
// the new token, if there is one.
func rotate(h *record.Header, token string, now int64) string {
	rot, ok := rotationOf(h.Extension(record.ExtRotation))
	if ok && rot.seen == 0 {
		rot.seen = now
		h.Extend(record.ExtRotation, rot.encode())
		return ""
	}
	rot = rotation{at: now, before: h.Secret, family: familyOf(token)}
	rand.Read(rot.nonce[:])
	next := rot.next(token)
	h.Secret = secretHash(next)
	h.Extend(record.ExtRotation, rot.encode())
	return next
}

// beginRotation has the next rotation count from now, when token was made by a
// renewal. No token was rotated away since.
func beginRotation(h *record.Header, token string, now int64) {
	rot := rotation{at: now, seen: now, family: familyOf(token)}
	h.Extend(record.ExtRotation, rot.encode())
}

// settleRotation prepares a header for a secret that has nothing to do with the
// ones before. The one before the present one is known for a while, as
// the present one will be.
func settleRotation(h *record.Header, until, now int64) {
	rot, ok := rotationOf(h.Extension(record.ExtRotation))
	if !ok {
		return
	}
	if rot.graceful(now) {
		present := h.Secret
		h.Secret = rot.before
		h.Replace(present, until, now)
	}
	h.Extend(record.ExtRotation, nil)
}

// repeat sends the token that the one which came was replaced by, once more: only
// if it is the present one still when the answer begins, since a login may have
// been faster, whose cookie must stand.
func (s *Session) repeat(ctx context.Context) {
	s.mu.Lock()
	token := s.token
	due := s.work != nil && s.work.again && s.work.owed == nil && s.standing == live
	s.mu.Unlock()
	if !due {
		return
	}
	lim := newLimit(ctx, s.m.opts.Timeout)
	defer lim.release()
	cur, err := s.m.queues.load(lim, token[:idLen])
	if err != nil {
		return
	}
	hash := secretHash(token)
	s.mu.Lock()
	defer s.mu.Unlock()
	if cur.rec.Kind() == record.Session && cur.rec.SecretIs(&hash) && s.work.owed == nil {
		s.work.owed = &owed{value: token}
	}
}

var errForked = errors.New("a token that was replaced by rotation: somebody has a copy of it")

// fork deals with a request that came with a token which was rotated away: it is
// not let in, and Options.Fork says what becomes of the session. Long after the
// rotation the token is one of no session, as any other: a browser that was
// restored from a backup can sign in anew.
func (m *Manager) fork(ctx context.Context, f *found, now int64) {
	ctx = store.WithTransaction(ctx, nil) // what the request's handler rolls back is another matter
	id, owner := f.id(), f.saved.owner
	if rot, _ := rotationOf(f.saved.rec.Extension(record.ExtRotation)); now < max(rot.at, rot.seen)+aftermath.Milliseconds() {
		f.standing = superseded // it may come from a browser that has the newer cookie by now
	}
	var err error
	switch m.opts.Fork {
	case ForkStale:
		err = m.makeStale(ctx, id, now)
	case ForkEnd:
		var over bool
		if over, err = m.endOne(ctx, id, "", anybodys); err == nil {
			f.standing = ended
		}
		if over {
			f.events = append(f.events, Event{Kind: Ended, ID: id, Owner: owner, Err: errForked})
		}
	}
	if m.forks.passOther(id, now) {
		m.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "session: two clients have a token of one session",
			slog.Any("session", Event{Kind: Forked, ID: id, Owner: owner}))
		f.events = append(f.events, Event{Kind: Forked, ID: id, Owner: owner, Err: errForked})
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		m.opts.Logger.LogAttrs(ctx, slog.LevelError, "session: Options.Fork could not be carried out",
			slog.Any("session", Event{Kind: Failed, ID: id, Owner: owner, Err: err}))
		f.events = append(f.events, Event{Kind: Failed, ID: id, Owner: owner, Err: err})
	}
	if f.standing == anonymous {
		*f = found{events: f.events}
	}
}
