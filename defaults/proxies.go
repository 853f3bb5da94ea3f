package defaults

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are those whose word is taken for where a request came from. A header
// is what anybody writes; so it counts only if the connection comes from an
// address named here, and is removed otherwise, before anybody inside can be
// fooled by it. Removed are all X-Forwarded headers, and those
// that docs/defaults.md names; of others nobody here knows.
//
// Inside, the request says what is believed: RemoteAddr is the client's (with
// port 0 where no proxy told it), Host what the client asked for, and [Scheme]
// tells of TLS. Of the headers X-Forwarded-Proto is left, where it says another
// scheme than TLS does: code that looks at it, as session.Manager does, is told
// the same. Other X-Forwarded headers, such as X-Forwarded-User, stay if
// a trusted proxy sent them.
//
// The address is that of the right-most hop that is not trusted: what stands
// left of it was written by the client. If a hop is no address ("unknown", an
// obfuscated name), the address is that of the proxy which wrote it. If a trusted
// proxy's element of Forwarded cannot be read at all, the answer is 400.
type Proxies struct {
	_ [0]func()

	// Trusted are the addresses of the proxies: of those that connect, and
	// of those behind which these stand. Each has to set the headers that are
	// read here, or append to them, and to remove those of the client's that
	// the application reads besides.
	Trusted []netip.Prefix

	// Forwarded believes the header Forwarded (RFC 7239), and not the
	// X-Forwarded ones. A proxy that writes the one kind passes on the other
	// as the client wrote it: so both at once cannot be believed.
	Forwarded bool

	// BelieveHost believes X-Forwarded-Host, or host= of Forwarded. Many
	// proxies that write the other headers pass this one on as the client
	// wrote it, and a client that may choose the host chooses what the links
	// in mails lead to. Without it the Host is what the proxy sent.
	BelieveHost bool
}

type proxies struct {
	trusted                []netip.Prefix
	forwarded, believeHost bool
}

func (p Proxies) checked() (proxies, error) {
	var faults []error
	for _, each := range p.Trusted {
		faults = append(faults, prefixFault(each))
	}
	if len(p.Trusted) == 0 && (p.Forwarded || p.BelieveHost) {
		faults = append(faults, errors.New("defaults: Proxies says what to believe, and not whom: name them in Trusted"))
	}
	return proxies{slices.Clone(p.Trusted), p.Forwarded, p.BelieveHost}, errors.Join(faults...)
}

func prefixFault(p netip.Prefix) error {
	switch {
	case !p.IsValid():
		return errors.New("defaults: Proxies.Trusted has an address that is none: netip.MustParsePrefix makes one")
	case p.Bits() == 0:
		return fmt.Errorf("defaults: Proxies.Trusted has %v, which is everybody: any visitor could be anybody, name the proxies", p)
	case p.Addr().Is4In6():
		return fmt.Errorf("defaults: Proxies.Trusted has %v: write it as one of IPv4", p)
	case p.Masked() != p:
		return fmt.Errorf("defaults: Proxies.Trusted has %v, which names one address of %v: which is meant?", p, p.Masked())
	}
	return nil
}

func (p *proxies) trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(p.trusted, func(each netip.Prefix) bool { return each.Contains(addr) })
}

type schemeKey struct{}

// Scheme returns how the client sent the request, as far as is known: "https"
// or "http". Behind middleware of this package it knows what trusted proxies
// said; elsewhere, whether the connection has TLS.
func Scheme(r *http.Request) string {
	if scheme, ok := r.Context().Value(schemeKey{}).(string); ok {
		return scheme
	}
	return schemeOf(r)
}

func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// enlighten returns the request as it is believed to have been sent: r itself
// if nobody says anything of it, and else a copy. It reports false if nobody can
// know.
func (p *proxies) enlighten(r *http.Request) (_ *http.Request, ok bool) {
	peer, trusted := p.peer(r)
	if !trusted {
		return disbelieve(r), true
	}
	said, ok := p.read(r.Header, peer)
	if !ok {
		return r, false
	}
	in := *r
	if said.scheme != "" && said.scheme != Scheme(r) {
		in = *r.WithContext(context.WithValue(r.Context(), schemeKey{}, said.scheme))
	}
	if said.client != peer {
		in.RemoteAddr = said.client.String()
	}
	if said.host != "" {
		in.Host = said.host
	}
	in.Header = cleaned(r.Header, tellsOrigin)
	tellScheme(&in)
	return &in, true
}

// peer returns who has connected, and whether that is somebody trusted.
func (p *proxies) peer(r *http.Request) (peer netip.AddrPort, trusted bool) {
	peer, ok := node(r.RemoteAddr)
	return peer, ok && p.trusts(peer.Addr())
}

// disbelieve returns r without what strangers say of themselves.
func disbelieve(r *http.Request) *http.Request {
	for key := range r.Header {
		if tellsAnything(key) {
			in := *r
			in.Header = cleaned(r.Header, tellsAnything)
			tellScheme(&in)
			return &in
		}
	}
	return r
}

// tellScheme leaves word of the scheme for those who look at the header.
func tellScheme(in *http.Request) {
	if scheme := Scheme(in); scheme != schemeOf(in) {
		in.Header["X-Forwarded-Proto"] = []string{scheme}
	}
}

func cleaned(h http.Header, is func(string) bool) http.Header {
	h = maps.Clone(h)
	maps.DeleteFunc(h, func(key string, _ []string) bool { return is(key) })
	return h
}

// tellsAnything reports whether a proxy, and nobody else, sends this header.
func tellsAnything(key string) bool {
	return strings.HasPrefix(http.CanonicalHeaderKey(key), "X-Forwarded") || tellsOrigin(key)
}

// tellsOrigin reports whether the header is about address, scheme or host, in
// one of the ways that are known here. Those that are not read are removed too:
// a proxy may have passed them on as the client wrote them. It is no list of all:
// anybody can make up another name.
func tellsOrigin(key string) bool {
	switch http.CanonicalHeaderKey(key) {
	case "Forwarded", "X-Forwarded", "X-Forwarded-For", "X-Forwarded-By", "X-Forwarded-Server",
		"X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Scheme", "X-Forwarded-Ssl",
		"X-Forwarded-Host", "X-Forwarded-Port",
		// The address.
		"X-Real-Ip", "X-Real-Port", "X-Client-Ip", "X-Cluster-Client-Ip", "X-Remote-Ip", "X-Remote-Addr", "X-Proxyuser-Ip",
		"Client-Ip", "True-Client-Ip", "Proxy-Client-Ip", "Wl-Proxy-Client-Ip", "X-Original-For", "X-Original-Forwarded-For",
		"Cf-Connecting-Ip", "Cf-Connecting-Ipv6", "Cf-Pseudo-Ipv4", "Cloudfront-Viewer-Address", "Do-Connecting-Ip",
		"Fastly-Client-Ip", "Fly-Client-Ip", "X-Appengine-Remote-Addr", "X-Appengine-User-Ip", "X-Azure-Clientip",
		"X-Azure-Socketip", "X-Envoy-External-Address", "X-Nf-Client-Connection-Ip", "X-Vercel-Forwarded-For",
		// The scheme.
		"X-Url-Scheme", "X-Scheme", "X-Original-Proto", "Front-End-Https", "Cf-Visitor", "Cloudfront-Forwarded-Proto",
		"Fastly-Ssl", "Wl-Proxy-Ssl", "X-Arr-Ssl",
		// The host.
		"X-Host", "X-Original-Host", "X-Http-Host-Override":
		return true
	}
	return false
}
