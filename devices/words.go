package devices

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// words returns t as one says it at now: what is past by the full minutes,
// hours or days, what is to come by the nearest.
func words(t, now time.Time) string {
	d := t.Sub(now)
	switch {
	case d < 0 && d > -time.Minute:
		return "just now"
	case d >= 0 && d < time.Minute:
		return "in less than a minute"
	case d < 0 && d > -30*24*time.Hour:
		return amount(-d, time.Duration.Truncate) + " ago"
	case d > 0 && d < 60*24*time.Hour:
		return "in " + amount(d, time.Duration.Round)
	}
	return t.UTC().Format("on 2 January 2006")
}

func amount(d time.Duration, round func(d, to time.Duration) time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case round(d, time.Minute) < time.Hour:
		return count(int(round(d, time.Minute)/time.Minute), "minute")
	case round(d, time.Hour) < 2*day:
		return count(int(round(d, time.Hour)/time.Hour), "hour")
	}
	return count(int(round(d, day)/day), "day")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Name returns what to call the session: the browser and the system it says it
// is, its own words if they are others, and else the beginning of the id.
func (s Session) Name() string {
	agent := printable(s.Client.Agent)
	if agent == "" {
		return "Session " + s.ID[:min(6, len(s.ID))]
	}
	browser, system := first(agent, browsers), first(agent, systems)
	switch {
	case !strings.HasPrefix(agent, "Mozilla/") || browser == "" && system == "":
		return shortened(agent) // a program's own
	case browser == "" || system == "":
		return browser + system
	}
	return browser + " on " + system
}

// printable returns what can be shown of a text that a client has sent: without
// controls, and without what turns the direction of writing.
func printable(text string) string {
	text = strings.Map(func(c rune) rune {
		if c == unicode.ReplacementChar || !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, text)
	return strings.TrimSpace(text)
}

// Longer names of programs are cut.
const maxName = 60

func shortened(text string) string {
	if runes := []rune(text); len(runes) > maxName {
		return string(runes[:maxName-1]) + "…"
	}
	return text
}

// A sign is a part of a User-Agent, and what it is a sign of.
type sign struct{ part, name string }

// In this order: most browsers name those before them, too.
var browsers = []sign{
	{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"Vivaldi/", "Vivaldi"},
	{"SamsungBrowser/", "Samsung Internet"}, {"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"},
	{"CriOS/", "Chrome"}, {"Chromium/", "Chromium"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
}

var systems = []sign{
	{"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"},
	{"Macintosh", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
}

func first(agent string, signs []sign) string {
	for _, s := range signs {
		if strings.Contains(agent, s.part) {
			return s.name
		}
	}
	return ""
}
