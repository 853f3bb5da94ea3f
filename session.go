package session

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/internal/record"
	"github.com/sojourn-go/session/store"
)

// A Session is what the application remembers of one visitor, as one request
// sees and changes it: a record, and a list of changes upon it. The record is
// loaded when it is first needed, and the changes are kept by one commit,
// before the first byte of the response.
//
// A Session may be used by several goroutines of its request at once. After
// Manager.Handler has returned it is a frozen snapshot: reading goes on,
// changes are refused and reported as Late.
type Session struct {
	m       *Manager
	outer   *http.Request       // as it came
	w       http.ResponseWriter // nil: the session is Load's, not Handler's
	arrival int64               // when the session was first asked for, and loaded; Unix ms; 0: not yet

	mu        sync.Mutex
	phase     phase
	standing  standing
	consulted bool
	isNew     bool // it began with this request
	lately    bool // data is from the store's cache

	// Of the exchange, and its goroutine's own.
	begun    bool // begin has run
	failed   bool // and ErrorHandler has answered
	hijacked bool

	// Under the lock again.
	token   string
	data    []byte // the record in the store; see rec and saved
	version uint64
	signed  *signed // nil: it is nobody's
	looked  uint64  // which of the first 64 values of the record were read
	work    *work

	varies [1]string // room for the line of Vary
	req    http.Request
}

// All of an untouched request is to fit into 448 bytes, and a read is to need
// no other allocation of ours. Therefore the record is kept as bare bytes, and
// what only some sessions have is a pointer away.

// A signed is what the session of an owner has besides.
type signed struct {
	owner   string
	noStore [1]string // room for the line of Cache-Control
}

// ClearValues deletes every value. Owner, token and times stay.
func (s *Session) ClearValues() {
	s.enter()
	defer s.leave()
	saw := &sight{all: s.seen().clone(), from: caller()}
	s.do(change{verb: doClear, saw: saw})
}

// Login makes the session owner's, on the manager's terms. See LoginWith.
func (s *Session) Login(owner string) error { return s.LoginWith(owner, Terms{}) }

// LoginWith makes the session owner's: from the commit on it has a new token,
// what was known under the old one opens nothing any more, and both clocks
// begin anew. Values are kept if the session was nobody's or owner's before,
// and dropped if it was somebody else's.
//
// owner is valid UTF-8 of 1 to 255 bytes without NUL; owners are the same only
// if their bytes are. An error is about owner or terms, or ErrLate, and
// nothing has changed; whether the login is kept is known after the commit.
func (s *Session) LoginWith(owner string, t Terms) error {
	t, err := t.settled(&s.m.opts)
	if err = errors.Join(checkOwner(owner), err, s.m.keeper.agree(t)); err != nil {
		return err
	}
	p := &particulars{owner: owner, terms: t}
	if tell := s.m.opts.Client; tell != nil {
		p.client = tell(s.outer).encode()
	}
	s.enter()
	defer s.leave()
	p.when = time.Now().UnixMilli()
	if !s.do(change{verb: doLogin, particulars: p}) {
		return ErrLate
	}
	return nil
}

func checkOwner(owner string) error {
	switch {
	case owner == "":
		return errors.New("session: the owner is empty: an anonymous session needs no login")
	case len(owner) > 255:
		return fmt.Errorf("session: the owner has %d bytes: at most 255", len(owner))
	case !utf8.ValidString(owner) || strings.IndexByte(owner, 0) >= 0:
		return errors.New("session: the owner is not UTF-8 without NUL")
	}
	return nil
}

// Renew gives the session a new token at the commit, and what still comes with
// the old one is refused (Ring's :recreate). A session that is not stored yet
// has no token to renew.
func (s *Session) Renew() {
	s.enter()
	defer s.leave()
	if s.stands() || s.work != nil && s.work.view != nil && s.work.view.exists {
		s.do(change{verb: doRenew})
	}
}

// StepUp says that the owner has just been recognised once more, to level. The
// session gets a new token, and both clocks begin anew. It is an error if the
// session is nobody's.
func (s *Session) StepUp(level Level) error {
	s.enter()
	defer s.leave()
	if d := s.peek(); d == nil || d.owner == "" {
		return errors.New("session: StepUp before Login: the session is nobody's")
	}
	t := s.m.opts.ceiling()
	t.Level = level
	if !s.do(change{verb: doStepUp, particulars: &particulars{terms: t, when: time.Now().UnixMilli()}}) {
		return ErrLate
	}
	return nil
}

// End ends the session at the commit (Ring's :session nil): its token opens
// nothing from then on, for requests under way too. The request goes on with a
// fresh anonymous session. To end it is no error if it had ended already.
func (s *Session) End() {
	s.enter()
	defer s.leave()
	s.do(change{verb: doEnd})
}

// SetCookie sets attributes of the session's cookie in this response only
// (Ring's :session-cookie-attrs), on top of Options.Cookie, and has the cookie
// sent again. Without a stored session it does nothing. An error is about the
// attributes, or ErrLate.
func (s *Session) SetCookie(a cookie.Attrs) error {
	if err := cookie.Check(s.m.opts.Name, s.m.opts.Cookie.With(a)); err != nil {
		return fmt.Errorf("session: %w", err)
	}
	s.enter()
	defer s.leave()
	if !s.do(change{verb: doCookie, particulars: &particulars{attrs: a}}) {
		return ErrLate
	}
	return nil
}

// ID returns the public handle of the session: safe to log, list and show, and
// opening nothing. It is "" as long as the session is not stored.
func (s *Session) ID() string {
	s.enter()
	defer s.leave()
	if s.stored() {
		return s.token[:idLen]
	}
	return ""
}

// Owner returns whose session it is, "" for nobody's.
func (s *Session) Owner() string {
	s.enter()
	defer s.leave()
	return s.ownerSeen()
}

// IsNew reports whether the session began with this request: the browser does
// not have its cookie yet.
func (s *Session) IsNew() bool {
	s.enter()
	defer s.leave()
	return s.isNew || !s.stored()
}

// Created returns when the session was created; the zero time for one that is
// neither stored yet nor logged in.
func (s *Session) Created() time.Time { return s.Info().Created }

// Authenticated returns when the owner was last recognised, by Login or
// StepUp; the zero time if never.
func (s *Session) Authenticated() time.Time { return s.Info().Authenticated }

// Expires returns when the session ends if it is not used again; the zero time
// is never, or that it is neither stored yet nor logged in.
func (s *Session) Expires() time.Time { return s.Info().Expires }

// Info returns what a list of sessions would say of this one.
func (s *Session) Info() Info {
	s.enter()
	defer s.leave()
	d := s.peek()
	if d == nil || !s.stored() && !d.exists {
		return Info{}
	}
	id := ""
	if s.stored() {
		id = s.token[:idLen]
	}
	info := infoOf(id, d.header(), d.owner, s.arrival)
	info.Current = true
	if s.stored() {
		info.Bytes = len(s.data)
	}
	return info
}

// All yields the name of every value, in order, and the value as encoded. The
// bytes are the caller's.
func (s *Session) All() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, c := range s.everything() {
			if !yield(c.Name, c.Value) {
				return
			}
		}
	}
}

// Err loads the session if it has not been, and returns the first error of
// loading, encoding or updating, as bufio.Scanner's Err does. With such an
// error the commit fails, so a handler needs to ask only where it wants to
// answer by itself.
func (s *Session) Err() error {
	s.enter()
	defer s.leave()
	if s.work == nil || s.work.err == nil {
		return nil
	}
	s.work.told, s.work.failed = s.work.err, len(s.work.list)
	return s.work.err
}

// Commit keeps the changes made so far, now, and returns nil when they are
// kept. It may be called again, after a failure too, and later changes are
// committed with the response. ctx gives values; its cancellation counts only
// before the first Save.
//
// After an error nothing of the list was kept, except where the error is, or
// wraps, ErrUnknown or ErrUnavailable: then it may have been. Another Commit
// finds that out first, and makes no Update twice.
//
// With a store that joins transactions, such as store/sqlstore, and a context
// of its WithTx, the changes are kept with the application's own rows, or not at
// all. Then Commit tries once, and its error (ErrConflict, or what the driver
// says of a serialization failure or a deadlock) is a reason to roll the
// transaction back, and perhaps to run it again; the changes are dropped, so
// make them inside of what is run again. Commit the transaction before the first
// byte of the response: at that moment the store is asked whether it was
// committed. If not, the changes are dropped, no cookie is sent, and there is an
// event, RolledBack; what the response says is the handler's affair.
//
// A handler that answers with a status of 400 or more after a Commit that
// failed has dealt with the failure: the changes are dropped, and the answer is
// the handler's. With any other answer the commit of the response tries them
// again, and if it fails, Options.ErrorHandler answers.
func (s *Session) Commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		if store.TransactionOf(ctx) != nil {
			s.discard()
		}
		return err
	}
	s.enter()
	late := s.phase == frozen && s.work != nil && len(s.work.list) > 0
	s.leave()
	if late {
		return ErrLate
	}
	return s.commit(ctx)
}

// Reload reads the session again, for requests that live long: pending changes
// are applied to what it has become. It returns ErrEnded or ErrSuperseded when
// it is over for this request.
func (s *Session) Reload(ctx context.Context) error {
	s.mu.Lock()
	w := s.extra()
	s.mu.Unlock()
	if err := s.lockCommit(w); err != nil {
		return err
	}
	defer w.committing.Unlock()
	if err := s.prove(ctx); err != nil {
		return err
	}
	s.enter()
	defer s.leave()
	if w.unloaded && s.phase != frozen { // try again
		w.unloaded, w.err, w.told = false, nil, nil
		s.load()
		return w.err
	}
	if s.phase == frozen || !s.stored() {
		return s.standing.over()
	}
	lim := &limit{parent: ctx, began: time.Now(), lasts: s.m.opts.Timeout, follows: true}
	defer lim.release()
	had := s.saved()
	cur, err := s.m.keeper.again(lim, s.token, &had)
	if errors.Is(err, ErrEnded) {
		s.standing = ended // nothing in a cookie would tell the commit
		s.notice(Event{Kind: Ended, ID: s.token[:idLen], Owner: had.owner, Err: err})
	}
	if err != nil {
		return err
	}
	head := cur.rec.Header()
	if !cur.exists || head.Kind != record.Session || over(&head, time.Now().UnixMilli()) {
		return ErrEnded
	}
	if head.Generation != s.generation() {
		return ErrSuperseded
	}
	s.rebase(cur.draft())
	s.has(cur)
	w.apart = true
	return nil
}
