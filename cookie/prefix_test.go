package cookie_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sojourn-go/session/cookie"
)

func TestAPrefixDemandsItsAttributesAndTheFaultNamesWhatFits(t *testing.T) {
	for name, tt := range map[string]struct {
		name  string
		attrs cookie.Attrs
		want  string
	}{
		"Ring's :root under __Host-Http-": {
			"__Host-Http-session", cookie.Attrs{Path: "/app"},
			`cookie: Path "/app" does not go with the prefix __Host-Http-, which stands for Path=/: use the name "__Http-session", or leave Path empty`,
		},
		"Ring's :root under __Host-": {
			"__Host-session", cookie.Attrs{Path: "/app"},
			`cookie: Path "/app" does not go with the prefix __Host-, which stands for Path=/: use the name "__Secure-session", or leave Path empty`,
		},
		"a Domain under __Host-Http-": {
			"__Host-Http-session", cookie.Attrs{Domain: "example.com"},
			`cookie: Domain "example.com" does not go with the prefix __Host-Http-, which stands for this host only: use the name "__Http-session", or leave Domain empty`,
		},
		"a Domain under __Host-": {
			"__Host-session", cookie.Attrs{Domain: "example.com"},
			`cookie: Domain "example.com" does not go with the prefix __Host-, which stands for this host only: use the name "__Secure-session", or leave Domain empty`,
		},
		"Scriptable under __Host-Http-": {
			"__Host-Http-session", cookie.Attrs{Scriptable: true},
			`cookie: Scriptable does not go with the prefix __Host-Http-, which stands for HttpOnly: use the name "__Host-session", or leave Scriptable false`,
		},
		"Scriptable under __Http-": {
			"__Http-session", cookie.Attrs{Scriptable: true, Path: "/app"},
			`cookie: Scriptable does not go with the prefix __Http-, which stands for HttpOnly: use the name "__Secure-session", or leave Scriptable false`,
		},
		"Insecure under __Host-Http-": {
			"__Host-Http-session", cookie.Attrs{Insecure: true},
			`cookie: Insecure does not go with the prefix __Host-Http-, which stands for Secure: use the name "session", or leave Insecure false`,
		},
		"Insecure under __Host-": {
			"__Host-session", cookie.Attrs{Insecure: true},
			`cookie: Insecure does not go with the prefix __Host-, which stands for Secure: use the name "session", or leave Insecure false`,
		},
		"Insecure under __Http-": {
			"__Http-session", cookie.Attrs{Insecure: true},
			`cookie: Insecure does not go with the prefix __Http-, which stands for Secure: use the name "session", or leave Insecure false`,
		},
		"Insecure under __Secure-": {
			"__Secure-session", cookie.Attrs{Insecure: true},
			`cookie: Insecure does not go with the prefix __Secure-, which stands for Secure: use the name "session", or leave Insecure false`,
		},
		"__Host- in capitals": {
			"__HOST-session", cookie.Attrs{},
			`cookie: the name "__HOST-session" spells the prefix __Host- otherwise: use "__Host-session"`,
		},
		"__Host-Http- half in small letters": {
			"__Host-http-session", cookie.Attrs{},
			`cookie: the name "__Host-http-session" spells the prefix __Host-Http- otherwise: use "__Host-Http-session"`,
		},
		"__Http- in small letters": {
			"__http-session", cookie.Attrs{Path: "/app"},
			`cookie: the name "__http-session" spells the prefix __Http- otherwise: use "__Http-session"`,
		},
		"__Secure- in small letters": {
			"__secure-Session", cookie.Attrs{Path: "/app"},
			`cookie: the name "__secure-Session" spells the prefix __Secure- otherwise: use "__Secure-Session"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := texts(cookie.Check(tt.name, tt.attrs)); !slices.Equal(got, []string{tt.want}) {
				t.Errorf("Check(%q, ...):\n got %q\nwant %q", tt.name, got, tt.want)
			}
		})
	}
}

// A browser treats "__host-http-x" as it treats "__Host-Http-x", so the demands are the same.
func TestAPrefixInOtherCaseMakesTheSameDemands(t *testing.T) {
	got := texts(cookie.Check("__host-HTTP-x", cookie.Attrs{Path: "/app", Domain: "example.com", Scriptable: true}))
	want := []string{
		`cookie: the name "__host-HTTP-x" spells`,
		"cookie: Scriptable does not go with the prefix __Host-Http-",
		`cookie: Path "/app" does not go with the prefix __Host-Http-`,
		`cookie: Domain "example.com" does not go with the prefix __Host-Http-`,
	}
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("got %q, want texts that begin with %q", got, want)
	}
}

// The name that a fault proposes must not need a second correction.
func TestTheProposedNamePasses(t *testing.T) {
	for _, prefix := range []string{"__Host-Http-", "__Host-", "__Http-", "__Secure-", "__HOST-HTTP-", "__secure-"} {
		for bits := range 16 {
			a := attrsOf(bits)
			for _, text := range texts(cookie.Check(prefix+"id", a)) {
				_, proposal, ok := strings.Cut(text, `use the name "`)
				if !ok {
					continue
				}
				proposal, _, _ = strings.Cut(proposal, `"`)
				if err := cookie.Check(proposal, a); err != nil {
					t.Errorf("%s: the proposal %q fails too: %v", text, proposal, err)
				}
			}
		}
	}
}

// attrsOf returns one of the 16 combinations of what prefixes forbid.
func attrsOf(bits int) (a cookie.Attrs) {
	a.Insecure = bits&1 != 0
	a.Scriptable = bits&2 != 0
	if bits&4 != 0 {
		a.Path = "/app"
	}
	if bits&8 != 0 {
		a.Domain = "example.com"
	}
	return a
}
