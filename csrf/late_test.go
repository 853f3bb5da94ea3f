package csrf_test

import (
	"errors"
	"html/template"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/csrf"
	"github.com/sojourn-go/session/sessiontest"
)

func TestAFirstTokenAfterTheFirstByteIsAnErrorAndNoDeadForm(t *testing.T) {
	nothing := func(*session.Session) {}
	values := func(s *session.Session) { note.Set(s, "here") }
	given := func(s *session.Session) { csrf.Token(s) }
	for _, c := range []struct {
		what   string
		come   func(*session.Session)
		sealed bool
		fails  bool
	}{
		{"nobody", nothing, false, true},
		{"nobody, sealed", nothing, true, true},
		{"a session", values, false, false}, // late changes to it are kept
		{"a sealed session", values, true, true},
		{"a session with a token", given, false, false},
		{"a sealed session with a token", given, true, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			site := sessiontest.New(t, session.Options{})
			site.AllowLate()
			if c.sealed {
				site = sealedSite(t)
			}
			b := site.Browser(c.come)
			var token string
			var err error
			b.Serve(handle(func(s *session.Session, w http.ResponseWriter) {
				note.Get(s)
				io.WriteString(w, "<p>")
				token, err = csrf.Token(s)
			}), b.Request("GET", "/", nil))
			if c.fails {
				if !errors.Is(err, session.ErrLate) || token != "" {
					t.Errorf("got %q, %v; want ErrLate: the form cannot work", token, err)
				}
				return
			}
			if err != nil {
				t.Errorf("got %v, and the form could work", err)
			}
			want(t, "the form", send(b, token), 204)
		})
	}
}

func TestATemplateThatAsksInTheMiddleOfThePageFails(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	site.AllowLate()
	tmpl := template.Must(template.New("").Funcs(template.FuncMap{"csrf": csrf.Field}).Parse(`<p>{{.Owner}}<form>{{csrf .}}</form>`))
	b := site.Browser(nil)
	var err error
	w := b.Serve(handle(func(s *session.Session, w http.ResponseWriter) { err = tmpl.Execute(w, s) }), b.Request("GET", "/", nil))
	if !errors.Is(err, session.ErrLate) || strings.Contains(w.Body.String(), "<input") {
		t.Errorf("Execute: %v, page %q; want ErrLate and no field", err, w.Body)
	}
}

func TestTheFieldIsEscapedNamedAsTheOptionSaysAndGoesAsItIsIntoATemplate(t *testing.T) {
	site := sessiontest.New(t, session.Options{})
	b := site.Browser(nil)
	p := protect(t, csrf.Options{Field: `a"b`})
	tmpl := template.Must(template.New("").Parse(`{{.}}`))
	h := p.Handler(handle(func(s *session.Session, w http.ResponseWriter) {
		field, err := csrf.Field(s)
		if err != nil {
			t.Error(err)
		}
		tmpl.Execute(w, field)
	}))
	got := open(t, b, h)
	before, after := `<input type="hidden" name="a&#34;b" value="`, `">`
	token := strings.TrimSuffix(strings.TrimPrefix(got, before), after)
	if got != before+token+after || len(token) != 86 {
		t.Errorf("the field is %q", got)
	}
	r := b.Request("POST", "/", strings.NewReader("a%22b="+token))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	want(t, "the form with its own name", b.Serve(p.Handler(done), r).Code, 204)
}
