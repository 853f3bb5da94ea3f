package redisstore_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/store/redisstore"
)

func ExampleParseURL() {
	l, err := redisstore.ParseURL("rediss+sentinel://app:s3cret@10.0.0.1,10.0.0.2:26380/mymaster/2?pool=20&timeout=500ms")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(l.Addrs, l.Master, l.Database, l.Timeout)
	fmt.Println(l)
	// Output:
	// [10.0.0.1:26379 10.0.0.2:26380] mymaster 2 500ms
	// rediss+sentinel://app:xxxxx@10.0.0.1:26379,10.0.0.2:26380/mymaster/2?pool=20&timeout=500ms
}

// The fields of what ParseURL returns: who opens a client reads them.
func ExampleLocation() {
	l, err := redisstore.ParseURL("redis://localhost/1?dial_timeout=2s")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(l.Sentinel, l.Cluster, l.Addrs[0], l.Database)
	fmt.Println(l.Username == "", l.Password == "", l.SentinelUsername == "", l.SentinelPassword == "")
	fmt.Println(l.TLS, l.CAFile == "", l.Pool, l.DialTimeout)
	// Output:
	// false false localhost:6379 1
	// true true true true
	// false true 0 2s
}

func TestParseURL_reads_every_part(t *testing.T) {
	one := func(addr string) redisstore.Location { return redisstore.Location{Addrs: []string{addr}} }
	with := func(l redisstore.Location, change func(*redisstore.Location)) redisstore.Location {
		change(&l)
		return l
	}
	type location = redisstore.Location
	for raw, want := range map[string]location{
		"redis://h":                       one("h:6379"),
		"redis://h/":                      one("h:6379"),
		"REDIS://h:1":                     one("h:1"),
		"redis://h:0001?&":                one("h:1"),
		"redis://127.0.0.1:7":             one("127.0.0.1:7"),
		"redis://[::1]":                   one("[::1]:6379"),
		"redis://[2001:db8::2]:7/3":       with(one("[2001:db8::2]:7"), func(l *location) { l.Database = 3 }),
		"redis://@h":                      one("h:6379"),
		"redis://:p@h":                    with(one("h:6379"), func(l *location) { l.Password = "p" }),
		"redis://u@h":                     with(one("h:6379"), func(l *location) { l.Username = "u" }),
		"redis://u:p:q@h":                 with(one("h:6379"), func(l *location) { l.Username, l.Password = "u", "p:q" }),
		"redis://a%40b:%2F%3a%25,+&=@h:1": with(one("h:1"), func(l *location) { l.Username, l.Password = "a@b", "/:%,+&=" }),
		"redis://h/15":                    with(one("h:6379"), func(l *location) { l.Database = 15 }),
		"redis://h?db=15":                 with(one("h:6379"), func(l *location) { l.Database = 15 }),
		"redis://h/?pool=7&dial_timeout=1ms&timeout=1h": with(one("h:6379"), func(l *location) {
			l.Pool, l.DialTimeout, l.Timeout = 7, time.Millisecond, time.Hour
		}),
		"rediss://h?tls_ca=/etc/ca%20s.pem": with(one("h:6379"), func(l *location) { l.TLS, l.CAFile = true, "/etc/ca s.pem" }),
		"redis+sentinel://u:p@h,[::1],i:1/m/2": {
			Sentinel: true, Addrs: []string{"h:26379", "[::1]:26379", "i:1"}, Master: "m", Username: "u", Password: "p", Database: 2,
		},
		"rediss+sentinel://h/m%2Fn/?db=3&sentinel_user=a&sentinel_password=b+c%26=": {
			Sentinel: true, Addrs: []string{"h:26379"}, Master: "m/n", TLS: true, Database: 3,
			SentinelUsername: "a", SentinelPassword: "b+c&=",
		},
		"redis+cluster://h,i:7001":   {Cluster: true, Addrs: []string{"h:6379", "i:7001"}},
		"rediss+Cluster://h/0?db=":   {},
		"rediss+cluster://:p@h/0":    {Cluster: true, TLS: true, Addrs: []string{"h:6379"}, Password: "p"},
		"redis+cluster://h?db=0":     {Cluster: true, Addrs: []string{"h:6379"}},
		"redis+cluster://h_1.a-b:80": {Cluster: true, Addrs: []string{"h_1.a-b:80"}},
	} {
		got, err := redisstore.ParseURL(raw)
		if want.Addrs == nil {
			if err == nil {
				t.Errorf("%s: got %#v, want an error", raw, got)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", raw, fields(got), err, fields(&want))
		}
	}
}

// fields shows what String hides, for the texts of failures.
func fields(l *redisstore.Location) string {
	if l == nil {
		return "nil"
	}
	return fmt.Sprintf("%v user %q password %q sentinels %q %q", l, l.Username, l.Password, l.SentinelUsername, l.SentinelPassword)
}

func TestParseURL_names_the_part_that_is_wrong(t *testing.T) {
	for raw, want := range map[string]string{
		"":                                       "begins with redis://",
		"h:6379":                                 "begins with redis://",
		"http://h":                               "begins with redis://",
		"redis+://h":                             "begins with redis://",
		"redis+sentinel+cluster://h":             "begins with redis://",
		"redis+unix://h":                         "begins with redis://",
		"redis:/h":                               "begins with redis://",
		"redis://":                               "address 1 of 1: there is no host",
		"redis://:7":                             "address 1 of 1: there is no host",
		"redis://u:p@":                           "address 1 of 1: there is no host",
		"redis://a,b":                            "there are 2 addresses",
		"redis+cluster://a,,b":                   "address 2 of 3: there is no host",
		"redis+cluster://a,b:0":                  "address 2 of 2: the port is a number from 1 to 65535",
		"redis://h:":                             "the port is a number",
		"redis://h:65536":                        "the port is a number",
		"redis://h:-1":                           "the port is a number",
		"redis://h:+1":                           "the port is a number",
		"redis://h:1x":                           "the port is a number",
		"redis://::1":                            "more than one :",
		"redis://[::1":                           "in brackets stands an IPv6 address",
		"redis://[1.2.3.4]":                      "in brackets stands an IPv6 address",
		"redis://[fe80::1%25eth0]":               "in brackets stands an IPv6 address",
		"redis://[::1]7":                         "after the brackets",
		"redis://h%20x":                          "a host is at most 255",
		"redis://" + strings.Repeat("h", 256):    "a host is at most 255",
		"redis://ü":                              "a host is at most 255",
		"redis://a@b@h":                          "more than one @",
		"redis://u%:p@h":                         "the user has a %",
		"redis://u:p%2@h":                        "the password has a %",
		"redis://h/x":                            "the database is a number",
		"redis://h/-1":                           "the database is a number",
		"redis://h/65536":                        "the database is a number",
		"redis://h/99999999999999999999":         "the database is a number",
		"redis://h/1/":                           "the database is a number",
		"redis://h/1?db=1":                       "the database is there twice",
		"redis://h?db=1&db=1":                    "the option db is there twice",
		"redis://h?db=":                          "the option db has no value",
		"redis://h?pool":                         "the option pool has no value",
		"redis+cluster://h/1":                    "a Cluster has database 0 only",
		"redis+cluster://h?db=1":                 "a Cluster has database 0 only",
		"redis+sentinel://h":                     "no name of a master",
		"redis+sentinel://h/":                    "no name of a master",
		"redis+sentinel://h//1":                  "no name of a master",
		"redis+sentinel://h/%":                   "the name of the master has a %",
		"redis+sentinel://h/m/n":                 "the database is a number",
		"redis://h?pool=0":                       "the option pool is a number",
		"redis://h?pool=-3":                      "the option pool is a number",
		"redis://h?pool=10001":                   "the option pool is a number",
		"redis://h?pool=1e2":                     "the option pool is a number",
		"redis://h?pool=3&timeout=1s&pool=3":     "the option pool is there twice",
		"redis://h?timeout=3":                    "the option timeout is a duration",
		"redis://h?timeout=0s":                   "the option timeout is a duration",
		"redis://h?timeout=-1s":                  "the option timeout is a duration",
		"redis://h?dial_timeout=1us":             "the option dial_timeout is a duration",
		"redis://h?dial_timeout=1h1ms":           "the option dial_timeout is a duration",
		"redis://h?tls_ca=x":                     "the option tls_ca is for rediss://",
		"redis://h?sentinel_user=x":              "the option sentinel_user is for",
		"redis+cluster://h?sentinel_password=x":  "the option sentinel_password is for",
		"redis+sentinel://h/m?sentinel_user=%x1": "the option sentinel_user has a %",
		"redis://h?Pool=3":                       "option 1 is unknown; known are db, dial_timeout, pool, ",
		"redis://h?pool=3&&=":                    "option 2 is unknown",
		"redis://h#":                             "a #",
		"redis://h\n":                            "a line break",
		"redis://h /1":                           "a space",
	} {
		l, err := redisstore.ParseURL(raw)
		if err == nil || l != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, %v, want an error with %q", raw, l, err, want)
		}
	}
}

func TestParseURL_tells_everything_that_is_wrong_at_once(t *testing.T) {
	_, err := redisstore.ParseURL("redis+sentinel://u%:p%@,h:0/%/x?pool=0&timeout=0&nothing=1&tls_ca=x#f")
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{"#", "user", "password", "address 1", "address 2", "master", "database", "pool", "timeout", "unknown", "tls_ca"}
	for _, part := range want {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error says nothing of %s", part)
		}
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Errorf("%d faults, want %d:\n%v", len(lines), len(want), err)
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "redisstore: URL: ") {
			t.Errorf("%q does not say where the fault is", line)
		}
	}
}

// Passwords that are not encoded as they should be end up anywhere: before a
// port, in the path, as an option. No text of an error may have a piece of one.
func TestParseURL_never_shows_a_password(t *testing.T) {
	const piece = "hunter"
	passwords := []string{piece}
	for _, c := range "@:/?#%&=,[] \n+\x00é\"'\\" {
		passwords = append(passwords, piece+string(c)+piece, string(c)+piece, piece+string(c))
	}
	passwords = append(passwords, piece+"%zz", piece+"://"+piece, piece+"/1?pool=3&"+piece, "1/"+piece, piece+"@"+piece+"@", "[::1]"+piece)
	// As the user, what it is prints as long as there is a password beside it.
	for _, form := range []string{
		"redis://:%s@h", "redis://%s@h", "redis://u:%s@h:1/2?pool=3", "redis+cluster://u:%s@h,i", "redis+sentinel://u:%s@h/m",
		"redis+sentinel://h/m?sentinel_password=%s", "redis+sentinel://h/m?sentinel_user=%s", "redis+sentinel://h/m?pool=3&sentinel_password=%s",
	} {
		for _, password := range passwords {
			if form == "redis://%s@h" && strings.Contains(password[1:], ":") {
				continue
			}
			l, err := redisstore.ParseURL(fmt.Sprintf(form, password))
			if err != nil && strings.Contains(err.Error(), piece) {
				t.Errorf("%s with %q: the error shows it: %v", form, password, err)
			}
			if err == nil && strings.Contains(printed(*l), piece) {
				t.Errorf("%s with %q: it prints as %v", form, password, printed(*l))
			}
		}
	}
	// None belongs here, but the end of one may get here.
	for _, form := range []string{
		"redis://%s", "%s", "%s://h", "%s:%[1]s@h", "redis:%s@h", "redis+%s://h", "redis://h:%s", "redis://h/%s", "redis://h?%s",
		"redis://h?%s=1", "redis://h?pool=%s", "redis://h?db=%s", "redis://h?timeout=%s", "redis://h?pool=1&pool=%s", "redis://h#%s",
		"redis://[%s]", "redis+cluster://h,%s", "redis+cluster://h/%s", "redis+sentinel://u:%s@h", "redis+sentinel://h/m/%s",
		"redis://h?sentinel_password=%s", "redis://h?tls_ca=%s",
	} {
		for _, password := range passwords {
			_, err := redisstore.ParseURL(fmt.Sprintf(form, password))
			if err != nil && strings.Contains(err.Error(), piece) {
				t.Errorf("%s with %q: the error shows it: %v", form, password, err)
			}
		}
	}
}

// printed returns l as all that prints and logs shows it.
func printed(l redisstore.Location) string {
	text, _ := json.Marshal(l)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("", "l", l, "p", &l)
	slog.New(slog.NewTextHandler(&log, nil)).Info("", "l", l, "p", &l)
	return fmt.Sprintf("%v %+v %#v %s %q %v %#v %s %s", l, l, l, l, l, &l, &l, text, &log)
}

func TestALocationNeverPrintsItsSecrets(t *testing.T) {
	l := redisstore.Location{
		Sentinel: true, Addrs: []string{"h:1"}, Master: "m", Username: "ann", Password: "hunter2",
		SentinelUsername: "bob", SentinelPassword: "hunter3",
	}
	if got, want := l.String(), "redis+sentinel://ann:xxxxx@h:1/m/0?sentinel_user=bob&sentinel_password=xxxxx"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := printed(l); strings.Contains(got, "hunter") {
		t.Errorf("a secret is shown in %s", got)
	}
	l.Username, l.Password, l.SentinelUsername, l.SentinelPassword = "hunter4", "", "hunter5", ""
	if got := l.String(); strings.Contains(got, "hunter") {
		t.Errorf("what may be a password in the wrong place is shown in %s", got)
	}
}

// What parses prints as a URL that parses to the same, but for the secrets, and
// the text does not depend on them. No error quotes anything.
func FuzzParseURL(f *testing.F) {
	for _, raw := range []string{
		"redis://h", "redis://ann:hunter2@h:1/2?pool=3&dial_timeout=1s&timeout=2ms", "rediss://:p%40%2f@[::1]:7?tls_ca=/a%26b&db=3",
		"redis+sentinel://u:p@h,i:1/m%2F/2?sentinel_user=a&sentinel_password=b+c", "rediss+cluster://h,[::1]:1/0", "redis://u@h",
		"redis://%zz:%@h:x/y?z#", "redis+sentinel://h/m?sentinel_user=a", "redis+cluster://,@,:/%?=&&",
	} {
		f.Add(raw, uint(len(raw)/2))
	}
	f.Fuzz(func(t *testing.T, raw string, place uint) {
		at := int(place % uint(len(raw)+1))
		const piece = "hunter2"
		if _, err := redisstore.ParseURL(raw[:at] + piece + raw[at:]); err != nil && strings.Contains(err.Error(), piece) {
			t.Errorf("the error shows a part of the URL: %v", err)
		}
		l, err := redisstore.ParseURL(raw)
		if err != nil {
			return
		}
		other := *l
		hide := func(name, secret *string) {
			if *secret != "" {
				*secret = "xxxxx"
			} else if *name != "" {
				*name = "xxxxx"
			}
		}
		hide(&other.Username, &other.Password)
		hide(&other.SentinelUsername, &other.SentinelPassword)
		if got, want := l.String(), other.String(); got != want {
			t.Errorf("with other secrets it prints as %s instead of %s", got, want)
		}
		again, err := redisstore.ParseURL(l.String())
		if err != nil || !reflect.DeepEqual(again, &other) {
			t.Errorf("%v parses to %v, %v", l, again, err)
		}
	})
}
