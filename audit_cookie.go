package session

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Each prefix of a name stands for Secure, and those that begin with __Host- for
// one host and Path=/ besides.
var prefixes = []string{"__Host-", "__Http-", "__Secure-"}

func secure(m *Manager) judgement {
	value := "Secure"
	if m.opts.Cookie.Insecure {
		value = "not Secure"
	}
	// New refuses a name that promises more than the attributes keep.
	prefixed := slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(m.opts.Name, p) })
	return judgement{verdict: verdictOf(prefixed), value: value + ", named " + m.opts.Name}
}

func hostOnly(m *Manager) judgement {
	a := &m.opts.Cookie
	value := "no Domain"
	if a.Domain != "" {
		value = "Domain=" + a.Domain
	}
	value += ", Path=" + cmp.Or(a.Path, "/")
	promised := strings.HasPrefix(m.opts.Name, "__Host-")
	if !promised && a.Domain == "" && cmp.Or(a.Path, "/") == "/" {
		value += "; but without __Host- in its name a sibling host can set it"
	}
	return judgement{verdict: verdictOf(promised), value: value}
}

func unscripted(m *Manager) judgement {
	if m.opts.Cookie.Scriptable {
		return judgement{verdict: Deviates, value: "not HttpOnly"}
	}
	return judgement{verdict: Kept, value: "HttpOnly; there is no accessor for the token"}
}

func sameSite(m *Manager) judgement {
	value := map[http.SameSite]string{http.SameSiteStrictMode: "Strict", http.SameSiteNoneMode: "None"}[m.opts.Cookie.SameSite]
	value = "SameSite=" + cmp.Or(value, "Lax")
	if m.opts.Cookie.Partitioned {
		value += ", Partitioned"
	}
	return judgement{verdict: verdictOf(m.opts.Cookie.SameSite != http.SameSiteNoneMode), value: value}
}

func size(m *Manager) judgement {
	if m.stored() != nil {
		return judgement{verdict: Kept, value: "a commit that would need more than 4096 bytes, name and attributes included, fails"}
	}
	return judgement{verdict: Kept, value: fmt.Sprintf("the whole Set-Cookie has %d bytes", len(m.line[0])+tokenLen+len(m.line[1]))}
}

// cookieEnd leaves Options.Lifetime out: Terms may have a longer one.
func cookieEnd(m *Manager) judgement {
	o := &m.opts
	if o.checkCeilings("", Terms{Remember: true}) != nil {
		return judgement{verdict: Kept, value: "none: Terms.Remember is refused"}
	}
	most := maxCookieAge
	if c := ceilings[o.Level].lifetime; o.checkCeilings("", Terms{Lifetime: most}) != nil {
		most = min(most, c)
	}
	return judgement{verdict: Kept, value: fmt.Sprintf(
		"none; after a login with Terms.Remember what is left of that login's lifetime, %d days at most", most/(24*time.Hour))}
}

func clearing(m *Manager) judgement {
	data := m.opts.ClearSiteData
	if len(data) == 0 {
		return judgement{verdict: Application, value: "no ClearSiteData: what the pages have put there is theirs to clear"}
	}
	value := clearSiteData + ": " + m.opts.siteDataLine()
	if slices.Contains(data, "storage") || slices.Contains(data, "*") {
		return judgement{verdict: Kept, value: value}
	}
	return judgement{verdict: Application, value: value + "; storage is for the pages to clear"}
}

func storage(m *Manager) judgement {
	if m.opts.Cookie.Scriptable {
		return judgement{verdict: Application, value: "scripts can read the cookie: they must not keep it"}
	}
	return judgement{verdict: Kept, value: "HttpOnly, and nothing that hands it to scripts"}
}

func plainHTTP(m *Manager) judgement {
	if m.opts.Insecure {
		return judgement{verdict: Deviates, value: "Insecure: plain http, of this machine alone"}
	}
	return judgement{verdict: Kept, value: "Secure"}
}
