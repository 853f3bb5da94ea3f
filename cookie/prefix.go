package cookie

import (
	"fmt"
	"strings"
)

// A prefix is what the beginning of a name promises; each promises Secure.
type prefix struct {
	text string
	host bool // Path=/ and no Domain
	http bool // HttpOnly
}

// prefixes are the prefixes that browsers know, longer ones before those that they begin with.
var prefixes = [...]prefix{
	{"__Host-Http-", true, true},
	{"__Host-", true, false},
	{"__Http-", false, true},
	{"__Secure-", false, false},
}

// cutPrefix splits name into its prefix, as spelled, and the rest. Browsers do not look at the case of a prefix.
func cutPrefix(name string) (p prefix, rest string, ok bool) {
	for _, p := range prefixes {
		if n := len(p.text); len(name) >= n && strings.EqualFold(name[:n], p.text) {
			return p, name[n:], true
		}
	}
	return prefix{}, name, false
}

// fitting returns the name that keeps as much of p's promise as a does.
func (p prefix) fitting(rest string, a Attrs) string {
	if a.Insecure {
		return rest
	}
	host := p.host && a.path() == "/" && a.Domain == ""
	http := p.http && !a.Scriptable
	for _, q := range prefixes {
		if q.host == host && q.http == http {
			return q.text + rest
		}
	}
	return rest // unreachable
}

// prefixFaults holds a to the promise of the name's prefix (RFC 6265bis, section 4.1.3; for __Http- and __Host-Http-,
// draft-ietf-httpbis-layered-cookies, section 4.1.3).
func prefixFaults(name string, a Attrs) (faults []error) {
	p, rest, ok := cutPrefix(name)
	if !ok {
		return nil
	}
	if !strings.HasPrefix(name, p.text) {
		faults = append(faults, fault("the name %q spells the prefix %s otherwise: use %q", name, p.text, p.text+rest))
	}
	demand := func(kept bool, what, value, promise, cure string) {
		if !kept {
			if value != "" {
				what = fmt.Sprintf("%s %q", what, value)
			}
			faults = append(faults, fault("%s does not go with the prefix %s, which stands for %s: use the name %q, or %s",
				what, p.text, promise, p.fitting(rest, a), cure))
		}
	}
	demand(!a.Insecure, "Insecure", "", "Secure", "leave Insecure false")
	demand(!p.http || !a.Scriptable, "Scriptable", "", "HttpOnly", "leave Scriptable false")
	demand(!p.host || a.path() == "/", "Path", a.Path, "Path=/", "leave Path empty")
	demand(!p.host || a.Domain == "", "Domain", a.Domain, "this host only", "leave Domain empty")
	return faults
}
