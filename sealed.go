package session

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"time"

	"github.com/sojourn-go/session/internal/record"
	"github.com/sojourn-go/session/seal"
)

// A sealed keeps each session in its cookie. There is no queue, since there is
// nobody to agree with: what a request sends is what the browser will have.
//
// A sealed record holds no hash of a secret, as nothing is looked up by one.
// Its place has 32 random bytes that stay through the whole session, of which
// the id is made. The generation is the owner's epoch at the login.
type sealed struct {
	m       *Manager
	sealer  *seal.Sealer
	longest time.Duration // a lifetime, as far as the sealer knows
}

// NewSealed returns a Manager that keeps each session, encrypted, in its
// cookie. All faults of the options come back at once. What such a session
// cannot do (docs/sealed.md has a table, with the tests):
//
//   - It is signed out in this browser only. A copy of the cookie opens it until
//     Idle or Lifetime has passed, unless Options.Epoch says that it is over.
//   - It can be turned back: whoever holds an older cookie may send that, and
//     has the values of then. Nothing that must be counted, or spent once,
//     belongs in it.
//   - Of requests at the same time the browser keeps one cookie, and so the
//     changes of one. Update and Take settle nothing between requests.
//   - It takes 4096 bytes with name and attributes; a commit that would exceed
//     that fails with ErrTooLarge.
//   - It cannot be changed once the response has begun: such changes are Late.
//   - Nobody else can list or end it: Manager.List, End, EndAll, All, EndID and
//     EndBefore return errors that wrap [errors.ErrUnsupported], and so does
//     Manager.Epoch without Options.Epoch.
//
// That a session is used is noted, with a new cookie, when the visitor opens a
// page (Sec-Fetch-Mode: navigate; from browsers without Sec-Fetch headers, any
// GET), at most once per tenth of Idle: so the answer to an image, still under
// way, cannot undo a login. An application whose pages only fetch calls Renew
// before Idle has passed.
func NewSealed(keys seal.Keys, o Options) (*Manager, error) {
	m, err := newManager(o)
	longest := time.Duration(math.MaxInt64)
	if m.opts.Lifetime > 0 {
		longest = max(m.opts.Lifetime, maxCookieAge)
	}
	// Two applications with one key and one name have one session.
	sealer, keysErr := keys.Sealer("session", m.opts.Name, longest)
	if err = errors.Join(checkSealed(&o), keysErr, err); err != nil {
		return nil, err
	}
	m.keeper = &sealed{m, sealer, longest}
	m.queues.immediate = o.Epoch == nil // there is nothing to wait for
	return m, nil
}

// checkSealed says which options a sealed session would only seem to keep to.
func checkSealed(o *Options) error {
	var faults []error
	if o.Limit != 0 {
		faults = append(faults, errors.New("session: Options.Limit: nobody can count an owner's sealed sessions; use New and a store"))
	}
	if o.OverLimit != 0 {
		faults = append(faults, errors.New("session: Options.OverLimit: nobody can count an owner's sealed sessions; use New and a store"))
	}
	if o.Strict {
		faults = append(faults, errors.New("session: Options.Strict: of sealed sessions the browser keeps the last, whatever is in it; use New and a store"))
	}
	if o.Rotate != 0 {
		faults = append(faults, errors.New("session: Options.Rotate: a sealed session has no token that could be told from a copy; use New and a store"))
	}
	if o.Client != nil {
		faults = append(faults, errors.New("session: Options.Client: nobody can list sealed sessions, and the cookie would carry it with every request; use New and a store"))
	}
	return errors.Join(faults...)
}

var errSealedOnly = fmt.Errorf("session: a sealed session is in its cookie and nowhere else: %w", errors.ErrUnsupported)

// stored reports, as an error, that sessions are in no store.
func (m *Manager) stored() error {
	if _, ok := m.keeper.(*sealed); ok {
		return errSealedOnly
	}
	return nil
}

func (k *sealed) sends() bool { return true }

func (k *sealed) plausible(value string) bool {
	return len(value) > seal.Size(0) && len(value) <= seal.MaxText
}

func (k *sealed) agree(t Terms) error {
	var faults []error
	if t.AtEpoch != 0 && k.m.opts.Epoch == nil {
		faults = append(faults, errors.New("session: Terms.AtEpoch: a sealed session is held to an epoch by Options.Epoch"))
	}
	if k.longest < math.MaxInt64 && (t.Lifetime == Never || t.Lifetime > k.longest) {
		faults = append(faults, fmt.Errorf("session: Terms.Lifetime: a sealed session opens for %v at most; a longer Options.Lifetime extends that", k.longest))
	}
	return errors.Join(faults...)
}

// open opens a sealed session. Why a text does not open is nobody's business,
// ours included.
func (k *sealed) open(ctx context.Context, text string, arrival int64, _ bool) (found, error) {
	plain, err := k.sealer.Open(nil, text, time.UnixMilli(arrival))
	if err != nil {
		if !k.m.wrong.pass(text[:sealedHead], arrival) {
			return found{}, nil
		}
		return found{events: []Event{{Kind: Refused, Err: err}}}, nil
	}
	cur, err := parseSealed(plain)
	if err != nil {
		if _, newer := errors.AsType[*record.VersionError](err); newer {
			return found{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		return found{events: []Event{{Kind: Unreadable, Err: err}}}, nil
	}
	head := cur.rec.Header()
	f := found{token: sealedID(&head)}
	if over(&head, arrival) {
		f.events = []Event{{Kind: Expired, ID: f.token, Owner: cur.owner}}
		return f, nil
	}
	if err := k.goesOn(ctx, &cur); errors.Is(err, ErrEnded) {
		f.standing, f.events = ended, []Event{{Kind: Ended, ID: f.token, Owner: cur.owner, Err: err}}
		return f, nil
	} else if err != nil {
		return f, err
	}
	f.standing, f.saved = live, cur
	return f, nil
}

// sealedHead is as much of a text as tells key and hour: by so much events of
// what does not open are told apart.
const sealedHead = 12

// goesOn returns ErrEnded for a session that the application has ended.
func (k *sealed) goesOn(ctx context.Context, cur *saved) error {
	if f := k.m.opts.NotBefore; f != nil {
		head := cur.rec.Header()
		if t := f(); instant(head.Created).Before(t) && instant(head.Authenticated).Before(t) {
			return fmt.Errorf("%w: it is from before Options.NotBefore", ErrEnded)
		}
	}
	return k.checkEpoch(ctx, cur)
}

// checkEpoch returns ErrEnded for a session from another epoch of its owner.
func (k *sealed) checkEpoch(ctx context.Context, cur *saved) error {
	if k.m.opts.Epoch == nil || cur.owner == "" {
		return nil
	}
	epoch, err := k.lookUp(ctx, cur.owner)
	if err != nil {
		return err
	}
	if epoch != cur.rec.Generation() {
		return fmt.Errorf("%w: its owner's epoch has moved", ErrEnded)
	}
	return nil
}

func (k *sealed) again(ctx context.Context, _ string, cur *saved) (*saved, error) {
	return cur, k.goesOn(ctx, cur)
}

// touch sends the cookie again where no other answer can be under way that the
// browser would get before, and keep after.
func (k *sealed) touch(ctx context.Context, u *use) (*saved, string) {
	if !navigates(u.r) {
		return &u.cur, ""
	}
	c := &commit{m: k.m, arrival: u.arrival, token: u.token}
	d := u.cur.draft()
	d.lapse(u.arrival)
	d.use(u.arrival)
	if err := k.seal(c, d, nil); err != nil { // a limit is lower than it was
		k.m.report(ctx, slog.LevelWarn, "session: a use could not be noted",
			Event{Kind: Failed, ID: u.token, Owner: u.cur.owner, Err: err})
		return &u.cur, ""
	}
	return c.saved, c.text
}

// navigates reports whether a request opens a page (Fetch Metadata Request
// Headers, section 2).
func navigates(r *http.Request) bool {
	mode, dest := r.Header["Sec-Fetch-Mode"], r.Header["Sec-Fetch-Dest"]
	if len(mode) == 0 && len(dest) == 0 {
		return len(r.Header["Sec-Fetch-Site"]) == 0 && (r.Method == http.MethodGet || r.Method == "")
	}
	return len(mode) == 1 && mode[0] == "navigate" && (len(dest) == 0 || len(dest) == 1 && dest[0] == "document")
}

// What is sealed is a record; that of a session with an owner comes after a
// zero, with which no record begins, the length of the owner, and the owner.
func appendSealed(plain []byte, owner string, data []byte) []byte {
	plain = append(plain, 0, byte(len(owner)))
	plain = append(plain, owner...)
	return append(plain, data...)
}

func sealedLen(owner string, rec record.Record) int {
	n := len(rec.Bytes())
	if owner != "" {
		n += 2 + len(owner)
	}
	return n
}

// parseSealed reads what appendSealed wrote. It keeps plain.
func parseSealed(plain []byte) (s saved, err error) {
	s.exists = true
	if len(plain) >= 2 && plain[0] == 0 {
		n := int(plain[1])
		if len(plain) < 2+n {
			return s, record.ErrCorrupt
		}
		s.owner, plain = string(plain[2:2+n]), plain[2+n:]
		if checkOwner(s.owner) != nil {
			return s, record.ErrCorrupt
		}
	}
	if s.rec, err = record.Parse(plain); err != nil {
		return s, err
	}
	if head := s.rec.Header(); head.Kind != record.Session || head.Secret == [32]byte{} {
		return s, record.ErrCorrupt
	}
	return s, nil
}

// sealedID returns the public handle of a sealed session.
func sealedID(h *record.Header) string {
	var id [idLen]byte
	base64.RawURLEncoding.Encode(id[:], h.Secret[:idLen*3/4])
	return string(id[:])
}
