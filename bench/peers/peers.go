// Package peers puts Sojourn and other session libraries behind one interface,
// each as its own documentation says it is to be used: a handler inside the
// library's whole middleware, and one browser in front of it.
package peers

import (
	"errors"
	"fmt"
)

// An Action is what a handler does with its session.
type Action int

// The actions. Those that read give the counter's value, unless said
// otherwise.
const (
	Untouched Action = iota // nothing
	SignIn                  // put three values into a new session
	SignIn30                // the same, and 27 more: some 2 KB
	SignInKB                // the three, and a text: 1 KB; of ours and of scs alone
	Read                    // read the counter
	ReadText                // read a string; its length is the value
	Count                   // the counter + 1: read it, then set it
	Update                  // the same in one, so that no update is lost
	New                     // put a user's id into a new session
	ReadUser                // read that id
	Login                   // make a new session some user's own
	Renew                   // change the token
)

// method returns the method of requests that do a.
func (a Action) method() string {
	switch a {
	case Count, Update, Login, Renew:
		return "POST"
	}
	return "GET"
}

// What SignIn puts into the session beside the counter, and New.
const (
	FirstCount = int64(1000)
	UserName   = "Ann Example"
	UserID     = int64(42)
)

// An Answer is what came back from one request.
type Answer struct {
	Value int64
	Set   bool // a cookie was set
	Other bool // ... and it is another one than was sent
}

// A Visit makes one request. It is not safe for concurrent use.
type Visit func() (Answer, error)

// A Guest makes one request for the browser whose jar it is given: it sends
// the cookie in it, unless it is empty, and leaves there what it was given. It
// is not safe for concurrent use, but several Guests may visit a site at once.
type Guest func(jar *string) (Answer, error)

// A Site is one library with a new store, and one browser that visits it.
type Site interface {
	// Visitor returns the visits in which the handler does a; nil if the
	// library has no such operation. They send the browser's cookie and
	// keep what they are given, except if they are strangers'.
	Visitor(a Action, stranger bool) Visit

	// Guest is for many browsers. Their requests have the method that fits
	// the action: POST if it changes a session that is there. It is nil where
	// Visitor is.
	Guest(a Action) Guest
}

// A Subject is a library in one of its usual forms.
type Subject struct {
	Name    string   // short, for tables and benchmarks
	Title   string   // for people
	Modules []string // whose versions matter
	Chatty  bool     // sets a cookie, and stores, whatever the handler did
	Open    func() (Site, error)
}

// The names of the subjects that figures are compared with.
const (
	Memory   = "sojourn"
	Sealed   = "sojourn-sealed"
	SCS      = "scs"
	SCSIdle  = "scs-idle"
	Gorilla  = "gorilla-cookie"
	LiveMap  = "live-map"
	ownPath  = "github.com/sojourn-go/session"
	sitePath = "https://example.com/"
)

// Subjects returns all of them, ours first.
func Subjects() []Subject {
	return []Subject{
		memorySubject(),
		sealedSubject(),
		scsSubject(SCSIdle, "scs, memstore, IdleTimeout", true),
		scsSubject(SCS, "scs, memstore", false),
		gorillaSubject(),
		fiberSubject(),
		ginSubject("gin-cookie", "gin-contrib, cookie", ginCookies),
		ginSubject("gin-memory", "gin-contrib, memstore", ginMemory),
		liveSubject(),
	}
}

// Find returns the subject of that name.
func Find(name string) (Subject, error) {
	for _, s := range Subjects() {
		if s.Name == name {
			return s, nil
		}
	}
	return Subject{}, fmt.Errorf("there is no subject %q", name)
}

// A Workload is a request of one kind, made again and again.
type Workload struct {
	Letter   string
	Title    string
	Sign     Action // what the browser did before; Untouched: nothing
	Do       Action
	Stranger bool // without a cookie
	Beside   bool // not one of the seven: for what it is worth
}

// Workloads returns the seven, then those beside.
func Workloads() []Workload {
	return []Workload{
		{Letter: "a", Title: "no cookie, session untouched", Do: Untouched, Stranger: true},
		{Letter: "b", Title: "valid cookie, untouched", Sign: SignIn, Do: Untouched},
		{Letter: "c", Title: "read 1 of 3 values", Sign: SignIn, Do: Read},
		{Letter: "d", Title: "read 1 of 30 values, some 2 KB", Sign: SignIn30, Do: Read},
		{Letter: "e", Title: "counter + 1 in a session of 3: Get, Set", Sign: SignIn, Do: Count},
		{Letter: "f", Title: "a new session with a user's id: Set", Do: New, Stranger: true},
		{Letter: "g", Title: "a new token for a session of 3", Sign: SignIn, Do: Renew},
		{Letter: "c-text", Title: "as c, the value a string", Sign: SignIn, Do: ReadText, Beside: true},
		{Letter: "e-update", Title: "as e, and no update is lost: Update", Sign: SignIn, Do: Update, Beside: true},
		{Letter: "f-login", Title: "as f, and the session in the user's list: Login", Do: Login, Stranger: true, Beside: true},
	}
}

// ErrNone says that a library cannot do what a workload asks.
var ErrNone = errors.New("no such operation")

// Start opens a site of the subject, prepares the browser, and returns what
// makes one request of the workload, and looks whether its answer is right.
func Start(s Subject, w Workload) (func() error, error) {
	site, err := s.Open()
	if err != nil {
		return nil, err
	}
	visit := site.Visitor(w.Do, w.Stranger)
	if visit == nil {
		return nil, ErrNone
	}
	if w.Sign != Untouched {
		signIn := site.Visitor(w.Sign, false)
		if signIn == nil {
			return nil, ErrNone
		}
		answer, err := signIn()
		if err == nil && !answer.Set {
			err = errors.New("no cookie")
		}
		if err != nil {
			return nil, fmt.Errorf("%s, signing in: %w", s.Name, err)
		}
	}
	count := FirstCount
	return func() error {
		answer, err := visit()
		if err != nil {
			return err
		}
		return w.check(answer, &count)
	}, nil
}

// check compares an answer with the only right one; count is the counter.
func (w Workload) check(a Answer, count *int64) error {
	switch w.Do {
	case Count, Update:
		*count++
		fallthrough
	case Read:
		if a.Value != *count {
			return fmt.Errorf("%s: got %d, want %d", w.Letter, a.Value, *count)
		}
	case ReadText:
		if a.Value != int64(len(UserName)) {
			return fmt.Errorf("%s: got a text of %d bytes, want %d", w.Letter, a.Value, len(UserName))
		}
	case New, Login, Renew:
		if !a.Other {
			return fmt.Errorf("%s: got no new token", w.Letter)
		}
	}
	return nil
}
