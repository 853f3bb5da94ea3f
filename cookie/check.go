package cookie

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// What browsers keep at most.
const (
	maxAge   = 400 * 24 * time.Hour // RFC 6265bis, section 5.5
	maxValue = 1024                 // bytes of an attribute's value: RFC 6265bis, section 5.6
	maxLabel = 63                   // RFC 1035, section 2.3.4
)

// Check reports every reason why browsers would not keep a cookie with this name and these attributes as meant.
// All faults come at once, joined: the error's Unwrap() []error yields them one by one, and each names the field and
// the cure.
//
// Browsers match prefixes whatever their case (RFC 6265bis, section 5.4) while servers compare names exactly; so
// Check applies the rules of __Host- to "__HOST-id", and wants it spelled as it stands here.
func Check(name string, a Attrs) error { return errors.Join(faultsOf(name, a)...) }

// faultsOf returns the faults, among them nils.
func faultsOf(name string, a Attrs) []error {
	faults := []error{
		nameFault(name),
		pathFault(a.Path),
		domainFault(a.Domain),
		sameSiteFault(a),
		maxAgeFault(a.MaxAge),
		expiresFault(a.Expires),
		partitionedFault(a),
	}
	return append(faults, prefixFaults(name, a)...)
}

func fault(format string, args ...any) error { return fmt.Errorf("cookie: "+format, args...) }

// nameFault wants a token (RFC 6265bis, section 4.1.1).
func nameFault(name string) error {
	switch i := strings.IndexFunc(name, notTokenRune); {
	case name == "":
		return fault("the name is empty: name the cookie, as in __Host-Http-session")
	case len(name) > maxValue:
		return fault("the name has %d bytes: at most %d", len(name), maxValue)
	case i >= 0:
		return fault("the name %q holds %q: use letters, digits, '-' and '_' only", name, firstRune(name[i:]))
	}
	return nil
}

// notTokenRune reports whether r may not stand in a token (RFC 9110, section 5.6.2).
func notTokenRune(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
}

// firstRune returns the first character of s, for messages; a broken one as the byte it is.
func firstRune(s string) string {
	for i := range s {
		if i > 0 {
			return s[:i]
		}
	}
	return s
}

// pathFault wants what can begin the path of a request. RFC 6265bis, section 4.1.1 forbids only control characters,
// ';' and what is not ASCII; but a URL's path never holds the others refused here (WHATWG URL: they are
// percent-encoded, or end the path), so that a cookie with such a Path would never be sent.
func pathFault(path string) error {
	switch i := strings.IndexFunc(path, notPathRune); {
	case path == "":
		return nil
	case len(path) > maxValue:
		return fault("Path has %d bytes: browsers ignore attributes of more than %d", len(path), maxValue)
	case path[0] != '/':
		return fault("Path %q does not start with a slash, browsers would ignore it: use %q", path, "/"+path)
	case i >= 0:
		return fault("Path %q holds %q, which no URL's path does: percent-encode it", path, firstRune(path[i:]))
	}
	return nil
}

func notPathRune(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("\";\\?#", r)
}

// sameSiteFault knows that browsers refuse SameSite=None without Secure (RFC 6265bis, section 5.7).
func sameSiteFault(a Attrs) error {
	switch {
	case a.sameSite() == "":
		return fault("SameSite %d is no http.SameSite: leave it zero for Lax", a.SameSite)
	case a.SameSite == http.SameSiteNoneMode && a.Insecure:
		return fault("SameSite=None demands Secure: leave Insecure false, or SameSite zero for Lax")
	}
	return nil
}

// partitionedFault knows that browsers refuse Partitioned without Secure (CHIPS).
func partitionedFault(a Attrs) error {
	if a.Partitioned && a.Insecure {
		return fault("Partitioned demands Secure: leave Insecure false, or Partitioned")
	}
	return nil
}

// maxAgeFault refuses what browsers would cut short in silence (RFC 6265bis, section 5.5).
func maxAgeFault(d time.Duration) error {
	if d > maxAge {
		return fault("MaxAge %v is more than 400 days, to which browsers shorten it: use at most %v", d, maxAge)
	}
	return nil
}

// expiresFault wants a year that browsers can read (RFC 6265bis, section 5.1.1) and that has four digits.
func expiresFault(t time.Time) error {
	if year := t.UTC().Year(); !t.IsZero() && (year < 1601 || year > 9999) {
		return fault("Expires is in the year %d: use 1601 to 9999, or leave it zero", year)
	}
	return nil
}

// domainFault wants the name of a host, as RFC 6265bis, section 4.1.1 does by reference to RFC 1034 and RFC 1123.
func domainFault(domain string) error {
	if domain == "" {
		return nil
	}
	_, notAddr := netip.ParseAddr(strings.Trim(domain, "[]"))
	switch {
	case len(domain) > 253:
		return fault("Domain has %d bytes: a host name has at most 253", len(domain))
	case domain[0] == '.':
		return fault("Domain %q starts with a dot, which is out of use: use %q", domain, strings.TrimLeft(domain, "."))
	case notAddr == nil || endsInNumber(domain):
		return fault("Domain %q is an IP address, which has no subdomains: leave Domain empty", domain)
	case strings.Contains(domain, ":"):
		return fault("Domain %q holds a port, but cookies are shared by all ports: leave the port out", domain)
	}
	for label := range strings.SplitSeq(domain, ".") {
		if !validLabel(label) {
			return fault("Domain %q is no host name (%q): use letters, digits and hyphens between dots, xn--... for others",
				domain, label)
		}
	}
	return nil
}

// endsInNumber reports whether browsers take host for an IPv4 address (WHATWG URL, "ends in a number").
func endsInNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last != "" && strings.Trim(last, "0123456789") == ""
}

func validLabel(s string) bool {
	return s != "" && len(s) <= maxLabel && s[0] != '-' && s[len(s)-1] != '-' && strings.IndexFunc(s, notLabelRune) < 0
}

func notLabelRune(r rune) bool {
	return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}
