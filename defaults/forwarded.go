package defaults

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// said is what trusted proxies say of a request; "" is nothing.
type said struct {
	client       netip.AddrPort
	scheme, host string
}

// read returns what the headers of a request from a trusted peer say, and
// whether they can be read.
func (p *proxies) read(h http.Header, peer netip.AddrPort) (s said, ok bool) {
	s, ok = said{client: peer}, true
	if p.forwarded {
		ok = p.readForwarded(&s, h["Forwarded"])
	} else {
		s.client = p.clientOf(h["X-Forwarded-For"], peer)
		s.scheme = schemeNamed(lastOf(h["X-Forwarded-Proto"]))
		s.host = lastOf(h["X-Forwarded-Host"])
	}
	if _, ok := hostOf(s.host); !ok || !p.believeHost {
		s.host = ""
	}
	return s, ok
}

// clientOf goes from the right to the left through the hops, as long as those
// who wrote them are trusted.
func (p *proxies) clientOf(lines []string, peer netip.AddrPort) netip.AddrPort {
	client := peer
	for _, rest := range slices.Backward(lines) {
		for more := true; more; {
			var each string
			rest, each, more = cutLast(rest)
			if each == "" {
				continue // RFC 9110, 5.6.1.2: a list may have empty elements
			}
			hop, ok := node(each)
			if !ok {
				return client
			}
			client = hop
			if !p.trusts(hop.Addr()) {
				return client
			}
		}
	}
	return client
}

// lastOf returns the last element: that of the proxy which is nearest.
func lastOf(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	_, last, _ := cutLast(lines[len(lines)-1])
	return last
}

// cutLast returns the last element of a list, and what is before its comma.
func cutLast(list string) (rest, last string, more bool) {
	if i := strings.LastIndexByte(list, ','); i >= 0 {
		return list[:i], trim(list[i+1:]), true
	}
	return "", trim(list), false
}

// trim takes off optional white space (RFC 9110, 5.6.3).
func trim(s string) string { return strings.Trim(s, " \t") }

// schemeNamed knows that some proxies name the protocol of a websocket.
func schemeNamed(s string) string {
	switch strings.ToLower(s) {
	case "https", "wss":
		return "https"
	case "http", "ws":
		return "http"
	}
	return ""
}

// maxNode is the length of an IPv6 address with an IPv4 one at its end, a zone
// (of some 20 bytes), brackets and a port.
const maxNode = 80

// node reads an IP address, with a port or without. A zone means something on
// one machine only, and is dropped; an IPv4 address is one however it is
// written.
func node(s string) (netip.AddrPort, bool) {
	if len(s) > maxNode {
		return netip.AddrPort{}, false
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return plain(ap.Addr(), ap.Port()), true
	}
	inner, bracketed := strings.CutPrefix(s, "[")
	if bracketed {
		var closed bool
		inner, closed = strings.CutSuffix(inner, "]")
		bracketed = closed && strings.Contains(inner, ":")
		if !bracketed {
			return netip.AddrPort{}, false
		}
	}
	ip, err := netip.ParseAddr(inner)
	return plain(ip, 0), err == nil
}

func plain(ip netip.Addr, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(ip.WithZone("").Unmap(), port)
}

// readForwarded goes through the elements as clientOf does. Each is what one
// proxy saw: of two trusted ones, that which is nearer to the client knows
// better. It reports false if a trusted proxy's element cannot be read: then
// nobody knows whose request it is, and to take it for the proxy's own would let
// a stranger be one who can make the proxy stumble.
func (p *proxies) readForwarded(s *said, lines []string) bool {
	for _, rest := range slices.Backward(lines) {
		for more := true; more; {
			var each string
			rest, each, more = cutLastElement(rest)
			if each == "" {
				continue // as in clientOf
			}
			e, ok := parseElement(each)
			if !ok {
				return false
			}
			if scheme := schemeNamed(e.proto); scheme != "" {
				s.scheme = scheme
			}
			if e.host != "" {
				s.host = e.host
			}
			hop, ok := node(e.node)
			if !ok {
				return true
			}
			s.client = hop
			if !p.trusts(hop.Addr()) {
				return true
			}
		}
	}
	return true
}

// cutLastElement is cutLast at the last comma that is not in quotes, seen from
// the right. So whatever a client wrote, open quotes too, what a proxy appended
// to it is an element of its own: in one that can be read every quote has its
// other half, and a backslash stands in quotes only.
func cutLastElement(line string) (rest, last string, more bool) {
	quoted := false
	for i := len(line) - 1; i >= 0; i-- {
		switch c := line[i]; {
		case c == '"' && !escaped(line[:i]):
			quoted = !quoted
		case c == ',' && !quoted:
			return line[:i], trim(line[i+1:]), true
		}
	}
	return "", trim(line), false
}

// escaped reports whether what follows s does so after a backslash that counts.
func escaped(s string) bool {
	return (len(s)-len(strings.TrimRight(s, `\`)))%2 == 1
}

// An element is what one proxy says in Forwarded (RFC 7239, 4).
type element struct{ node, proto, host string }

// parseElement reads one element. Beyond the grammar it takes white space around
// semicolons, and values that should be in quotes, as long as it is clear where
// they end: proxies send both.
func parseElement(s string) (e element, ok bool) {
	for {
		s = strings.TrimLeft(s, " \t")
		if s != "" && s[0] != ';' {
			if s, ok = e.parsePair(s); !ok {
				return element{}, false
			}
			s = strings.TrimLeft(s, " \t")
		}
		if s == "" {
			return e, true
		}
		if s[0] != ';' {
			return element{}, false
		}
		s = s[1:]
	}
}

// parsePair reads one pair of the element, and returns what follows it.
func (e *element) parsePair(s string) (rest string, ok bool) {
	name, rest, ok := strings.Cut(s, "=")
	if !ok || name == "" || strings.IndexFunc(name, notTokenRune) >= 0 {
		return "", false
	}
	value, rest, ok := parseValue(rest)
	if !ok {
		return "", false
	}
	var to *string
	switch strings.ToLower(name) {
	case "for":
		to = &e.node
	case "proto":
		to = &e.proto
	case "host":
		to = &e.host
	default:
		return rest, true
	}
	if *to != "" || value == "" { // RFC 7239, 4: each parameter once
		return "", false
	}
	*to = value
	return rest, true
}

// parseValue reads a token or a quoted string.
func parseValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		i := strings.IndexFunc(s, notBareRune)
		if i < 0 {
			i = len(s)
		}
		return s[:i], s[i:], i > 0
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:], true
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}

// notTokenRune reports whether r may not stand in a token (RFC 9110, 5.6.2).
func notTokenRune(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
}

// notBareRune reports whether r ends a value without quotes.
func notBareRune(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`,;"\`, r)
}
