package redisstore

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// locationSetters are the options of a URL, each with what it sets. The
// database is set by setPath.
var locationSetters = map[string]func(l *Location, value string) error{
	"db": func(*Location, string) error { return nil },
	"pool": func(l *Location, value string) error {
		n, ok := locationNumber(value, 1, 10000)
		if !ok {
			return locationFault("the option pool is a number of connections from 1 to 10000")
		}
		l.Pool = n
		return nil
	},
	"dial_timeout": func(l *Location, value string) error {
		return locationDuration(&l.DialTimeout, "dial_timeout", value)
	},
	"timeout": func(l *Location, value string) error {
		return locationDuration(&l.Timeout, "timeout", value)
	},
	"tls_ca": func(l *Location, value string) error {
		if l.CAFile = value; !l.TLS {
			return locationFault("the option tls_ca is for rediss:// only, which encrypts")
		}
		return nil
	},
	"sentinel_user": func(l *Location, value string) error {
		l.SentinelUsername = value
		return l.onlySentinel("sentinel_user")
	},
	"sentinel_password": func(l *Location, value string) error {
		l.SentinelPassword = value
		return l.onlySentinel("sentinel_password")
	},
}

// locationOptions reads the options of a URL. It is not url.ParseQuery, which
// makes a space of the + in a password.
func locationOptions(query string) (map[string]string, error) {
	options, seen := map[string]string{}, map[string]bool{}
	var faults []error
	place := 0
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		place++
		name, text, _ := strings.Cut(part, "=")
		if _, known := locationSetters[name]; !known {
			names := strings.Join(slices.Sorted(maps.Keys(locationSetters)), ", ")
			faults = append(faults, locationFault("option %d is unknown; known are %s; in a user or password a ? is written %%3F, and an & in an option %%26", place, names))
			continue
		}
		if seen[name] {
			faults = append(faults, locationFault("the option %s is there twice", name))
			continue
		}
		seen[name] = true
		var value string
		err := locationUnescape(&value, text, "the option "+name)
		if err == nil && value == "" {
			err = locationFault("the option %s has no value", name)
		}
		if faults = append(faults, err); err == nil {
			options[name] = value
		}
	}
	return options, errors.Join(faults...)
}

func (l *Location) setOptions(options map[string]string) error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(options)) {
		faults = append(faults, locationSetters[name](l, options[name]))
	}
	return errors.Join(faults...)
}

func (l *Location) onlySentinel(name string) error {
	if !l.Sentinel {
		return locationFault("the option %s is for redis+sentinel:// and rediss+sentinel:// only", name)
	}
	return nil
}

func locationDuration(to *time.Duration, name, value string) (err error) {
	*to, err = time.ParseDuration(value)
	if err != nil || *to < time.Millisecond || *to > time.Hour { // its error quotes the value
		return locationFault("the option %s is a duration from 1ms to 1h, such as 500ms", name)
	}
	return nil
}
