package flash

import (
	"crypto/rand"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sojourn-go/session"
)

// A Message is something to tell the visitor. Its text is text: html/template
// escapes it.
type Message struct {
	Kind string // of the application's choice: "success", "error"; a class in CSS, say
	Text string
}

// An entry is a message that waits. By its mark it is removed, and no other.
type entry struct {
	Mark string `json:"m"` // of one that does not wait, but is Now's: ""
	Kind string `json:"k"`
	Text string `json:"t"`
}

const waitingName = "_flash"

var waiting = session.NewKey[[]entry](waitingName)

// Add has a message wait for the next reading, in this request or a later one.
//
// What waits takes at most 1000 bytes of the session (as JSON), some twenty
// short messages: if it would be more, the oldest are dropped, so that what
// nobody reads does not grow. A text longer than 500 bytes, or a kind longer
// than 64, is cut and ends in "…". What is not UTF-8 is replaced by U+FFFD.
//
// If the request came with the token of a session that had ended, the message
// begins another session. Beside changes that were made before it, it does not:
// what is to be said of those (session.ErrEnded) is said.
func Add(s *session.Session, kind, text string) {
	e := entry{Mark: rand.Text()[:markLen], Kind: cut(kind, maxKind), Text: cut(text, maxText)}
	p := pageOf(s)
	p.mu.Lock()
	defer p.mu.Unlock()
	if settle(s) && legible(s) {
		waiting.Update(s, func(list []entry) []entry { return newest(append(list, e)) })
	}
}

// Now has a message shown by this request only: it is never stored, and if
// nobody reads it in this request it is forgotten. Of its length there is no
// limit.
func Now(s *session.Session, kind, text string) {
	p := pageOf(s)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = append(p.now, entry{Kind: kind, Text: text})
}

// Messages returns what waits, in the order in which it was added, and then
// what Now has said, and has removed at the commit what waited. If it is called
// again in the same request, it returns the same and what has come since. The
// slice is the caller's.
//
// Call it before the first byte of the response: a template that calls it by
// itself has begun to write.
func Messages(s *session.Session) []Message {
	if pages.Get(s) == nil && len(waiting.Get(s)) == 0 {
		return nil
	}
	p := pageOf(s)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.follow(s)
	list := waiting.Get(s)
	if len(without(list, p.shown)) > 0 && !keeping.Get(s) {
		list = spend(s, list)
	}
	p.shown = slices.Concat(p.shown, without(list, p.shown), p.now)
	p.now = nil
	var all []Message
	for _, e := range p.shown {
		all = append(all, Message{e.Kind, e.Text})
	}
	return all
}

// spend has what was read removed, and returns it.
func spend(s *session.Session, read []entry) []entry {
	if s.ID() == "" {
		// Not stored yet, so that nobody else can have added anything. Without
		// an empty list there may be nothing to begin a session for.
		if all, ok := waiting.Take(s); ok {
			return all
		}
	}
	waiting.Update(s, func(list []entry) []entry { return without(list, read) })
	return read
}

// Keep has what this request reads of messages and values, before this call or
// after it, wait for the next request too: for one that read and then redirects.
// What is not read waits anyway. Now's messages are not kept.
//
// A message that another request reads at once is shown by that one; whether it
// waits once more is open.
func Keep(s *session.Session) {
	keeping.Set(s, true)
	p := pages.Get(s)
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.follow(s)
	if read := slices.DeleteFunc(slices.Clone(p.shown), (entry).passing); len(read) > 0 {
		waiting.Update(s, func(list []entry) []entry {
			return newest(append(without(read, list), list...)) // they are older than what came since
		})
	}
	for _, r := range p.values {
		r.restore(s)
	}
}

// passing reports whether the entry is one of Now's.
func (e entry) passing() bool { return e.Mark == "" }

// without returns the entries of list that are not among others. It changes
// neither.
func without(list, others []entry) []entry {
	left := make([]entry, 0, len(list))
	for _, e := range list {
		if !slices.ContainsFunc(others, func(o entry) bool { return o.Mark == e.Mark }) {
			left = append(left, e)
		}
	}
	return left
}

// Bytes, as JSON writes them: a session, and above all a sealed one, has room
// for so much and no more.
const (
	maxKind    = 64
	maxText    = 500
	maxWaiting = 1000
	markLen    = 12 // 60 random bits, to tell apart what waits in one session
	frame      = len(`{"m":"","k":"","t":""},`) + markLen
)

// newest returns as many of the last entries as may wait.
func newest(list []entry) []entry {
	size := 0
	for i, e := range slices.Backward(list) {
		if size += frame + cost(e.Kind) + cost(e.Text); size > maxWaiting {
			return list[i+1:]
		}
	}
	return list
}

// cut returns the text, or what of it costs no more than most, and a sign that
// there was more.
func cut(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	for i, r := range text {
		if most -= costOf(r); most < 0 {
			return text[:i] + "…"
		}
	}
	return text
}

func cost(text string) (n int) {
	for _, r := range text {
		n += costOf(r)
	}
	return n
}

// costOf returns how many bytes JSON takes for a character at most.
func costOf(r rune) int {
	switch {
	case r < ' ', r == '\u2028', r == '\u2029':
		return len(`\u2028`)
	case r == '"', r == '\\':
		return 2
	}
	return utf8.RuneLen(r)
}
