package redisstore

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// ParseURL reads the address of a Redis in one of the forms
//
//	redis://[[user][:password]@]host[:port][/database][?options]
//	redis+sentinel://[[user][:password]@]host[:port],host[:port].../master[/database][?options]
//	redis+cluster://[[user][:password]@]host[:port],host[:port]...[?options]
//
// With rediss instead of redis, connections are encrypted with TLS. The port is
// 6379, or 26379 of a sentinel; the database is 0. An IPv6 address stands in
// brackets. The user is the default one. What has another meaning in a URL is
// written %XX: in a user or password, @ : / ? # % are %40 %3A %2F %3F %23 %25.
// A + is a +, in options too.
//
// The options are
//
//	pool               connections to each server, 1 to 10000
//	dial_timeout       how long connecting may take, such as 500ms; 1ms to 1h
//	timeout            how long one answer may take, 1ms to 1h
//	tls_ca             a file of PEM certificates to trust; only with rediss
//	db                 the database, instead of in the path
//	sentinel_user      who to be to the sentinels; only with +sentinel
//	sentinel_password  and their password
//
// Everything that is wrong is told at once, by the name or place of the part
// that is. Nothing out of the URL is: a password that is not written as it
// should be may look like any part.
func ParseURL(raw string) (*Location, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	l := &Location{}
	if !ok || !l.setScheme(scheme) {
		return nil, locationFault("it begins with redis://, rediss://, and either with +sentinel or +cluster before the ://")
	}
	var faults []error
	if strings.ContainsFunc(rest, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		faults = append(faults, locationFault("it has a space, a line break or a control character in it: is that a part of it? A space is written %%20"))
	}
	rest, _, ok = strings.Cut(rest, "#")
	if ok {
		faults = append(faults, locationFault("it has a # in it, which is written %%23"))
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	options, err := locationOptions(query)
	faults = append(faults, err, l.setAuthority(authority), l.setPath(path, options), l.setOptions(options))
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return l, nil
}

func locationFault(format string, args ...any) error {
	return fmt.Errorf("redisstore: URL: "+format, args...)
}

func (l *Location) setScheme(scheme string) bool {
	base, kind, ok := strings.Cut(strings.ToLower(scheme), "+")
	l.TLS = base == locationTLS
	l.Sentinel = ok && "+"+kind == locationSentinel
	l.Cluster = ok && "+"+kind == locationCluster
	return (l.TLS || base == locationPlain) && (!ok || l.Sentinel || l.Cluster)
}

// setAuthority reads users and addresses. It is not for url.Parse, which knows
// of one address only.
func (l *Location) setAuthority(text string) error {
	var faults []error
	user, hosts, ok := strings.Cut(text, "@")
	if !ok {
		user, hosts = "", text
	}
	if strings.Contains(hosts, "@") {
		return locationFault("there is more than one @ before the path: in a user or password it is written %%40")
	}
	name, password, _ := strings.Cut(user, ":")
	faults = append(faults,
		locationUnescape(&l.Username, name, "the user"),
		locationUnescape(&l.Password, password, "the password"))
	all := strings.Split(hosts, ",")
	if len(all) > 1 && !l.Sentinel && !l.Cluster {
		faults = append(faults, locationFault("there are %d addresses, and redis:// and rediss:// have one", len(all)))
	}
	for i, host := range all {
		addr, err := l.address(host)
		if err != nil {
			err = locationFault("address %d of %d: %w", i+1, len(all), err)
		}
		l.Addrs = append(l.Addrs, addr)
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// address reads one host with its port, if it has one.
func (l *Location) address(text string) (string, error) {
	host, port, hasPort := strings.Cut(text, ":")
	if strings.HasPrefix(text, "[") {
		var ok bool
		host, port, ok = strings.Cut(text[1:], "]")
		if ip, err := netip.ParseAddr(host); !ok || err != nil || !ip.Is6() || ip.Zone() != "" {
			return "", errors.New("in brackets stands an IPv6 address, without a zone")
		}
		if port, hasPort = strings.CutPrefix(port, ":"); !hasPort && port != "" {
			return "", errors.New("after the brackets stands a : and the port, or nothing")
		}
	} else if err := locationHost(host, port); err != nil {
		return "", err
	}
	number := 6379
	if l.Sentinel {
		number = 26379
	}
	if hasPort {
		n, ok := locationNumber(port, 1, 65535)
		if !ok {
			return "", errors.New("the port is a number from 1 to 65535")
		}
		number = n
	}
	return net.JoinHostPort(host, strconv.Itoa(number)), nil
}

// locationHost checks a host that is not in brackets.
func locationHost(host, port string) error {
	switch {
	case strings.Contains(port, ":"):
		return errors.New("it has more than one :, and an IPv6 address stands in brackets")
	case host == "":
		return errors.New("there is no host")
	case len(host) > 255 || strings.ContainsFunc(host, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._", r)
	}):
		return errors.New("a host is at most 255 of the letters a-z, digits, and - . _")
	}
	return nil
}

// setPath reads what follows the first / after the addresses: the name of the
// master for Sentinel, and the database.
func (l *Location) setPath(path string, options map[string]string) error {
	var faults []error
	if strings.Contains(path, "@") {
		return locationFault("there is an @ after the first /: in a user or password a / is written %%2F")
	}
	db := path
	if l.Sentinel {
		var master string
		master, db, _ = strings.Cut(path, "/")
		faults = append(faults, locationUnescape(&l.Master, master, "the name of the master"))
		if master == "" {
			faults = append(faults, locationFault("there is no name of a master after the sentinels, as in redis+sentinel://host/mymaster"))
		}
	}
	option, ok := options["db"]
	if ok && db != "" {
		faults = append(faults, locationFault("the database is there twice, in the path and as the option db"))
	} else if ok {
		db = option
	}
	if db == "" && !ok {
		return errors.Join(faults...)
	}
	n, ok := locationNumber(db, 0, 65535)
	switch {
	case !ok:
		faults = append(faults, locationFault("the database is a number from 0 to 65535"))
	case l.Cluster && n != 0:
		faults = append(faults, locationFault("a Cluster has database 0 only"))
	}
	l.Database = n
	return errors.Join(faults...)
}

// locationUnescape sets to to the text that is meant.
func locationUnescape(to *string, text, what string) (err error) {
	*to, err = url.PathUnescape(text)
	if err != nil { // which quotes the text
		return locationFault("%s has a %% that no two hexadecimal digits follow: it is written %%25", what)
	}
	return nil
}

// locationNumber reads decimal digits.
func locationNumber(text string, least, most int) (n int, ok bool) {
	u, err := strconv.ParseUint(text, 10, 31)
	n = int(u)
	return n, err == nil && n >= least && n <= most
}
