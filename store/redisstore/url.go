package redisstore

import (
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A Location says where Redis is, and how to get in. [ParseURL] makes one, and
// what opens a client reads it; a Store itself never does.
//
// Whoever prints or logs a Location sees its String, without the secrets.
type Location struct {
	_ [0]func() // its fields are named, and it is not compared

	// Sentinel: Addrs are sentinels, and Master is the name they know the
	// master by. Cluster: Addrs are some nodes of a Cluster. At most one of the
	// two is true; if neither is, Addrs is one server.
	Sentinel, Cluster bool

	Addrs  []string // at least one, each host:port; an IPv6 address in brackets
	Master string   // only with Sentinel

	// Username and Password are for the servers that hold the sessions, those
	// with Sentinel in their name for the sentinels. Empty: none is sent.
	Username         string `json:"-"`
	Password         string `json:"-"`
	SentinelUsername string `json:"-"`
	SentinelPassword string `json:"-"`

	Database int // 0 in a Cluster, which has no other

	TLS    bool   // of the sentinels, too
	CAFile string // a file of PEM certificates to trust instead of the system's; only with TLS

	// Pool is the number of connections to each server, 0 the client's own
	// default. DialTimeout is how long connecting may take, 0: 5 s; Timeout how
	// long one answer may take, 0: 3 s.
	Pool                 int
	DialTimeout, Timeout time.Duration
}

// The words of a URL that stand for the kinds of Location.
const (
	locationPlain    = "redis"
	locationTLS      = "rediss"
	locationSentinel = "+sentinel"
	locationCluster  = "+cluster"
)

// locationHidden is what String shows where a secret was.
const locationHidden = "xxxxx"

// String returns the URL for people and logs, complete but for the secrets: each
// is "xxxxx". So is a user without a password, which may be a password in the
// wrong place.
func (l Location) String() string {
	var b strings.Builder
	scheme := locationPlain
	if l.TLS {
		scheme = locationTLS
	}
	b.WriteString(scheme)
	switch {
	case l.Sentinel:
		b.WriteString(locationSentinel)
	case l.Cluster:
		b.WriteString(locationCluster)
	}
	b.WriteString("://")
	if user := locationUser(l.Username, l.Password); user != nil {
		b.WriteString(user.String() + "@")
	}
	b.WriteString(strings.Join(l.Addrs, ","))
	if l.Sentinel {
		b.WriteString("/" + url.PathEscape(l.Master))
	}
	if !l.Cluster {
		b.WriteString("/" + strconv.Itoa(l.Database))
	}
	if options := l.options(); len(options) > 0 {
		b.WriteString("?" + strings.Join(options, "&"))
	}
	return b.String()
}

// GoString is String.
func (l Location) GoString() string { return l.String() }

// LogValue is String.
func (l Location) LogValue() slog.Value { return slog.StringValue(l.String()) }

// locationUser returns who is asked for, without a secret; nil: nobody is.
func locationUser(name, password string) *url.Userinfo {
	switch {
	case password != "":
		return url.UserPassword(name, locationHidden)
	case name != "":
		return url.User(locationHidden)
	}
	return nil
}

// options returns the options that are set, as the URL has them.
func (l Location) options() (all []string) {
	add := func(name, value string) {
		// In the options of a URL a + is a +: see locationOptions.
		all = append(all, name+"="+strings.ReplaceAll(url.PathEscape(value), "&", "%26"))
	}
	if l.Pool != 0 {
		add("pool", strconv.Itoa(l.Pool))
	}
	if l.DialTimeout != 0 {
		add("dial_timeout", l.DialTimeout.String())
	}
	if l.Timeout != 0 {
		add("timeout", l.Timeout.String())
	}
	if l.CAFile != "" {
		add("tls_ca", l.CAFile)
	}
	if user := locationUser(l.SentinelUsername, l.SentinelPassword); user != nil {
		if name := user.Username(); name != "" {
			add("sentinel_user", name)
		}
		if secret, ok := user.Password(); ok {
			add("sentinel_password", secret)
		}
	}
	return all
}
