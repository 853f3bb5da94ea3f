package csrf

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// trust adds a trusted origin, if there is a browser that would send it: it is
// compared byte by byte with what one sends (RFC 6454, section 6.2).
func (p *Protection) trust(origin string) error {
	err := checkTrusted(origin)
	if err == nil {
		err = p.origins.AddTrustedOrigin(origin)
	}
	if err != nil {
		return fmt.Errorf("csrf: TrustedOrigins has %q: %w", origin, err)
	}
	return nil
}

// checkTrusted compares an origin with what a browser would make of its parts.
func checkTrusted(origin string) error {
	if origin != strings.ToLower(origin) {
		return errors.New("browsers send origins in lower case")
	}
	u, err := url.Parse(origin)
	if err != nil {
		return fmt.Errorf("an origin is scheme://host, or scheme://host:port: %w", err)
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("an origin begins with https:// or http://")
	}
	if port := u.Port(); port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 || port != strconv.FormatUint(n, 10) {
			return errors.New("a port is 1 to 65535, without zeros before it")
		}
		if u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
			return errors.New("browsers leave out the port that goes without saying")
		}
	}
	if strings.HasSuffix(u.Host, ":") || origin != u.Scheme+"://"+u.Host {
		return errors.New("an origin is scheme://host, or scheme://host:port, and nothing else: no user, path, query or fragment, and no mark of one")
	}
	return checkHost(u.Host, u.Hostname())
}

// checkHost wants a host as browsers write it (WHATWG URL, section 3.5): a name
// in ASCII, or an address in its one way to write it.
func checkHost(host, name string) error {
	if strings.HasPrefix(host, "[") {
		if a, err := netip.ParseAddr(name); err != nil || a.Is4In6() || a.String() != name {
			return errors.New("that is not how browsers write an IPv6 address")
		}
		return nil
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		switch {
		case strings.Contains(label, "*"):
			return errors.New("there are no patterns: name every origin")
		case label == "":
			return errors.New("a host has letters before, between and after its dots")
		case strings.ContainsFunc(label, func(c rune) bool { return !inHost(c) }):
			return errors.New("a host has letters, digits, - and _: other letters are sent as xn--... (IDNA)")
		}
	}
	if isNumber(labels[len(labels)-1]) {
		if a, err := netip.ParseAddr(name); err != nil || a.String() != name {
			return errors.New("that is not how browsers write an IPv4 address")
		}
	}
	return nil
}

func inHost(c rune) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// isNumber reports whether a host that ends in such a label is an IPv4 address
// to browsers (WHATWG URL, section 3.5, "ends in a number").
func isNumber(label string) bool {
	hex, ok := strings.CutPrefix(label, "0x")
	return ok && strings.Trim(hex, "0123456789abcdef") == "" || strings.Trim(label, "0123456789") == ""
}
