package session_test

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/sojourn-go/session"
)

// With scs, and any store that looks at its context, the order is lost when
// the client hangs up before the page is ready.
func TestPeers_when_a_client_hangs_up_the_commit_is_done_all_the_same(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		for _, kind := range []string{"new", "regular"} {
			t.Run(kind, func(t *testing.T) {
				site := newPeerSite(t, session.Options{})
				v := map[string]func() *peerVisitor{"new": site.visitor, "regular": site.regular}[kind]()
				ctx, cancel := context.WithCancel(t.Context())
				res := v.send(site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					s := session.From(r.Context())
					peerName.Set(s, "bob")
					expectError(t, "Login", s.Login("bob"), nil)
					cancel()
					expectError(t, "the request's context", r.Context().Err(), context.Canceled)
					io.WriteString(w, "order 42 placed")
				})), v.request(http.MethodPost).WithContext(ctx))
				expect(t, "status", res.StatusCode, http.StatusOK)
				expect(t, "name in the next request", v.name(), "bob")
			})
		}
	})
}

func TestPeers_when_a_client_hangs_up_late_changes_are_saved_all_the_same(t *testing.T) {
	site := newPeerSite(t, session.Options{})
	v := site.regular()
	ctx, cancel := context.WithCancel(t.Context())
	v.send(site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		expect(t, "name", peerName.Get(session.From(r.Context())), "ann")
		io.WriteString(w, "order 42 ")
		cancel()
		peerName.Set(session.From(r.Context()), "bob")
	})), v.request(http.MethodPost).WithContext(ctx))
	expect(t, "name in the next request", v.name(), "bob")
}

func TestPeers_when_a_client_hangs_up_over_the_network_the_commit_is_done_all_the_same(t *testing.T) {
	site := newPeerSite(t, session.Options{})
	v := site.regular()
	ctx, hangUp := context.WithCancel(t.Context())
	done := make(chan struct{})
	inner := site.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		peerName.Set(session.From(r.Context()), "bob")
		hangUp()
		<-r.Context().Done()
	}))
	srv := site.listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		inner.ServeHTTP(w, r)
	}))
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
	if _, err := srv.Client().Do(v.withCookies(r)); err == nil {
		t.Error("the client got an answer, want it to have hung up")
	}
	<-done
	expect(t, "name in the next request", v.name(), "bob")
}

// upload is a request with a file that net/http keeps in a temporary one.
func upload(t *testing.T, url string) *http.Request {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("photo", "cat.jpg")
	if err != nil {
		t.Fatal(err)
	}
	part.Write(make([]byte, 64<<10))
	form.Close()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, url, &b)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return r
}

func filesIn(t *testing.T, dir string) int {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// scs leaks a temporary file for every upload: its copy of the request has the
// form, and net/http clears up after the original.
func TestPeers_multipart_temporary_files_are_removed_even_after_a_panic(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		for _, panics := range []bool{false, true} {
			dir := t.TempDir()
			t.Setenv("TMPDIR", dir)
			site := newPeerSite(t, session.Options{})
			inner := site.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if err := r.ParseMultipartForm(1 << 10); err != nil {
					t.Errorf("ParseMultipartForm: %v", err)
				}
				if filesIn(t, dir) == 0 {
					t.Error("the upload made no temporary file: there is nothing to remove")
				}
				if panics {
					panic("the photo shows a dog")
				}
			}))
			srv := site.listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() {
					if recover() != nil {
						w.WriteHeader(http.StatusInternalServerError)
					}
					if r.MultipartForm == nil {
						t.Error("MultipartForm outside: got nil, want the handler's")
					}
				}()
				inner.ServeHTTP(w, r)
			}))
			res := site.visitor().fetch(srv, upload(t, srv.URL))
			expect(t, "status", res.StatusCode, map[bool]int{false: 200, true: 500}[panics])
			srv.Close() // waits for the handler, and for what net/http does after it
			expect(t, "temporary files left", filesIn(t, dir), 0)
		}
	})
}

// With scs, metrics and traces of outer middleware have no route.
func TestPeers_Pattern_is_visible_outside_even_after_a_panic(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		for _, path := range []string{"/items/7", "/panic/7"} {
			site := newPeerSite(t, session.Options{})
			mux := http.NewServeMux()
			mux.HandleFunc("GET /items/{id}", func(_ http.ResponseWriter, r *http.Request) {
				expect(t, "path value", r.PathValue("id"), "7")
			})
			mux.HandleFunc("GET /panic/{id}", func(http.ResponseWriter, *http.Request) { panic("no such item") })
			r := httptest.NewRequest(http.MethodGet, "https://shop.example"+path, nil)
			func() {
				defer func() { _ = recover() }()
				site.Handler(mux).ServeHTTP(httptest.NewRecorder(), r)
			}()
			expect(t, "Pattern outside", r.Pattern, "GET "+path[:len(path)-1]+"{id}")
		}
	})
}

func TestPeers_Pattern_and_path_values_of_an_outer_router_are_visible_inside(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		mux := http.NewServeMux()
		mux.Handle("GET /items/{id}", site.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			expect(t, "path value", r.PathValue("id"), "7")
			expect(t, "pattern", r.Pattern, "GET /items/{id}")
		})))
		r := httptest.NewRequest(http.MethodGet, "https://shop.example/items/7", nil)
		mux.ServeHTTP(httptest.NewRecorder(), r)
		expect(t, "pattern outside", r.Pattern, "GET /items/{id}")
	})
}
