package peers

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
)

// body is what every handler answers.
var body = []byte("ok")

// A netSite is a Site of a library for net/http.
type netSite struct {
	jar string // the browser's cookie: name=value

	// handler returns the library's middleware around a handler that does a,
	// and tells what it read; nil if there is no such operation.
	handler func(a Action, tell report) http.Handler
}

// A report is told what a handler read, before it answers.
type report func(w http.ResponseWriter, got int64)

// answer ends every handler.
func (tell report) answer(w http.ResponseWriter, got int64, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	tell(w, got)
	w.Write(body)
}

func (s *netSite) Visitor(a Action, stranger bool) Visit {
	v := s.visitor(a, "GET")
	if v == nil {
		return nil
	}
	v.jar, v.stranger = &s.jar, stranger
	return v.visit
}

func (s *netSite) Guest(a Action) Guest {
	v := s.visitor(a, a.method())
	if v == nil {
		return nil
	}
	return func(jar *string) (Answer, error) {
		v.jar = jar
		return v.visit()
	}
}

// visitor returns nil if there is no such operation.
func (s *netSite) visitor(a Action, method string) *netVisitor {
	v := &netVisitor{answer: nowhere{header: http.Header{}}}
	v.handler = s.handler(a, func(_ http.ResponseWriter, got int64) { v.got = got })
	if v.handler == nil {
		return nil
	}
	base, err := http.NewRequest(method, sitePath, nil)
	if err != nil {
		panic(err) // both are constants
	}
	base.TLS = &tls.ConnectionState{} // it came over https, as the URL says
	v.base = base
	return v
}

// A netVisitor makes requests without allocating: what is counted is the
// library's.
type netVisitor struct {
	jar      *string
	stranger bool
	handler  http.Handler
	base     *http.Request
	request  http.Request
	cookie   [1]string
	answer   nowhere
	got      int64
}

func (v *netVisitor) visit() (Answer, error) {
	clear(v.answer.header)
	v.answer.status = http.StatusOK
	v.got = 0
	// Middleware may change the request it is given, as gorilla's registry
	// does: each visit begins with the one that nobody has seen.
	v.request = *v.base
	if !v.stranger && *v.jar != "" {
		v.cookie[0] = *v.jar
		v.request.Header["Cookie"] = v.cookie[:]
	}
	v.handler.ServeHTTP(&v.answer, &v.request)
	if v.answer.status != http.StatusOK {
		return Answer{}, fmt.Errorf("status %d", v.answer.status)
	}
	return v.result(), nil
}

// result reads the answer's cookie, and keeps it unless it is a stranger's.
func (v *netVisitor) result() Answer {
	a := Answer{Value: v.got}
	for _, line := range v.answer.header["Set-Cookie"] {
		cookie, _, _ := strings.Cut(line, ";")
		a.Set = true
		a.Other = v.stranger || cookie != *v.jar
		if !v.stranger {
			*v.jar = cookie
		}
	}
	return a
}

// nowhere is a ResponseWriter that keeps the header and the status only.
type nowhere struct {
	header http.Header
	status int
}

func (w *nowhere) Header() http.Header         { return w.header }
func (w *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (w *nowhere) WriteHeader(status int)      { w.status = status }

// Handler returns the subject's middleware with a new store for a real server:
// on each of the paths a handler that does an action.
func Handler(s Subject, paths map[string]Action) (http.Handler, error) {
	site, err := s.Open()
	if err != nil {
		return nil, err
	}
	on, ok := site.(*netSite)
	if !ok {
		return nil, ErrNone
	}
	mux := http.NewServeMux()
	for path, a := range paths {
		h := on.handler(a, func(w http.ResponseWriter, got int64) {
			if (a == Read || a == Count) && got < FirstCount {
				w.WriteHeader(http.StatusTeapot) // the session was lost on the way
			}
		})
		if h == nil {
			return nil, ErrNone
		}
		mux.Handle(path, h)
	}
	return mux, nil
}

// Bare returns handlers for the same paths without any middleware, except
// where one signs in: a request with a cookie takes longer to read than one
// without, and that is not for the middleware to answer for.
func Bare(paths map[string]Action) (http.Handler, error) {
	mux := http.NewServeMux()
	for path, a := range paths {
		h := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(body) }))
		if a == SignIn {
			var err error
			if h, err = Handler(memorySubject(), map[string]Action{path: a}); err != nil {
				return nil, err
			}
		}
		mux.Handle(path, h)
	}
	return mux, nil
}
