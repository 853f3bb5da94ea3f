package devices_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/devices"
)

func TestTimesAreInWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is midnight of 1 January 2000
		const day = 24 * time.Hour
		for d, want := range map[time.Duration]string{
			0:                                "in less than a minute",
			-time.Millisecond:                "just now",
			-59 * time.Second:                "just now",
			-time.Minute:                     "1 minute ago",
			-(2*time.Minute - 1):             "1 minute ago",
			-59*time.Minute - 59*time.Second: "59 minutes ago",
			-time.Hour:                       "1 hour ago",
			-47 * time.Hour:                  "47 hours ago",
			-2 * day:                         "2 days ago",
			-30*day + 1:                      "29 days ago",
			-30 * day:                        "on 2 December 1999",
			59 * time.Second:                 "in less than a minute",
			29*time.Minute + 59*time.Second:  "in 30 minutes",
			59*time.Minute + 59*time.Second:  "in 1 hour",
			24*time.Hour - 1:                 "in 24 hours",
			30*day - time.Second:             "in 30 days",
			365 * day:                        "on 31 December 2000",
		} {
			got := string(new(devices.Page).Time(time.Now().Add(d)))
			if !strings.HasSuffix(got, ">"+want+"</time>") {
				t.Errorf("%v: got %s, want %s", d, got, want)
			}
		}
		got := string(new(devices.Page).Time(time.Now().In(time.FixedZone("east", 3600))))
		contains(t, "in another zone", got, `datetime="2000-01-01T00:00:00Z"`, `title="1 January 2000, 00:00 UTC"`)
	})
}

func called(agent string) string {
	return devices.Session{Info: session.Info{ID: "AbCdEfGhIjKl", Client: session.Client{Agent: agent}}}.Name()
}

func TestABrowserIsCalledByItsNameAndSystem(t *testing.T) {
	const like = " AppleWebKit/537.36 (KHTML, like Gecko) "
	for agent, want := range map[string]string{
		"":      "Session AbCdEf",
		firefox: "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + like + "Chrome/140.0.0.0 Safari/537.36":                                                     "Chrome on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + like + "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":                                       "Edge on Windows",
		"Mozilla/5.0 (Windows NT 10.0)" + like + "Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0":                                                   "Opera on Windows",
		"Mozilla/5.0 (Linux; Android 10; K)" + like + "Chrome/140.0.0.0 Mobile Safari/537.36":                                                     "Chrome on Android",
		"Mozilla/5.0 (Linux; Android 10; K)" + like + "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":                                 "Samsung Internet on Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1": "Safari on iPhone",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1":  "Chrome on iPhone",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15":                   "Safari on macOS",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)" + like + "Chrome/140.0.0.0 Safari/537.36":                                                      "Chrome on ChromeOS",
		"Mozilla/5.0 (PlayStation; PlayStation 5/6.00)":                                                                                           "Mozilla/5.0 (PlayStation; PlayStation 5/6.00)",
		"Mozilla/5.0 (X11; FreeBSD amd64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                 "Firefox",
		"curl/8.5.0":                "curl/8.5.0",
		"Backup/1.0 (Linux)":        "Backup/1.0 (Linux)",
		"a\u202ebc\x00\r\n\ufffd d": "abc d",
		"\u200b\u2066":              "Session AbCdEf",
		strings.Repeat("ä", 61):     strings.Repeat("ä", 59) + "…",
		strings.Repeat("ä", 60):     strings.Repeat("ä", 60),
	} {
		expect(t, agent, called(agent), want)
	}
}

// Whatever a client says of itself, there is something short to show, and it
// does not turn the writing around or end a line.
func FuzzName(f *testing.F) {
	for _, agent := range []string{"", firefox, "curl/8.5.0", "a\u202eb\x00", "\xff\xfe", strings.Repeat("é", 300)} {
		f.Add(agent)
	}
	f.Fuzz(func(t *testing.T, agent string) {
		name := called(agent)
		if name == "" || utf8.RuneCountInString(name) > 60 || !utf8.ValidString(name) || strings.TrimSpace(name) != name {
			t.Fatalf("%q is called %q", agent, name)
		}
		for _, c := range name {
			if !unicode.IsPrint(c) {
				t.Fatalf("%q is called %q, with %q in it", agent, name, c)
			}
		}
	})
}

func TestTheEndOfARememberedSessionComesWhetherItIsUsedOrNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, v := known(t, devices.Options{Login: "/login"}, firefox)
		page := v.get("/sessions/", html).Body.String()
		expect(t, "of the one that is not remembered", strings.Count(page, "<dt>Ends, if not used</dt>"), 1)
		expect(t, "of the one that is", strings.Count(page, "<dt>Ends</dt>"), 1)
	})
}
