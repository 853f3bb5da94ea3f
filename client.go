package session

import (
	"net/http"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ClientOf is an Options.Client: the User-Agent header, and the network that the
// request came from, which is the first 24 bits of an IPv4 address and the first
// 48 of an IPv6 one. That tells a visitor home from abroad, and a thief of the
// list nobody's address. Behind a proxy RemoteAddr must have been set to the
// visitor's (package defaults does, for proxies that are named).
func ClientOf(r *http.Request) Client {
	return Client{Agent: r.UserAgent(), Addr: network(r.RemoteAddr)}
}

// network returns the network of an address with or without a port; "" of what
// is none.
func network(remote string) string {
	var ip netip.Addr
	if at, err := netip.ParseAddrPort(remote); err == nil {
		ip = at.Addr()
	} else if ip, err = netip.ParseAddr(remote); err != nil {
		return ""
	}
	bits := 48
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		bits = 24
	}
	prefix, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.String()
}

// What is kept of a client at most, in bytes.
const (
	maxAgent = 200
	maxAddr  = 64
)

// encode returns what the record keeps of a client; nil for nothing.
func (c Client) encode() []byte {
	agent, addr := shown(c.Agent, maxAgent), shown(c.Addr, maxAddr)
	if agent == "" && addr == "" {
		return nil
	}
	return []byte(agent + "\x00" + addr)
}

func decodeClient(b []byte) Client {
	agent, addr, _ := strings.Cut(string(b), "\x00")
	return Client{agent, addr}
}

// shown returns the beginning of a text that a stranger sent, as far as it can
// be shown.
func shown(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsGraphic(r) {
			return -1
		}
		return r
	}, text[:min(len(text), 4*most)])
	for len(text) > most {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}
