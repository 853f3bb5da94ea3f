package redis

import (
	"github.com/sojourn-go/session/bench/crowd"
	"github.com/sojourn-go/session/bench/peers"
)

// signsIn is how each session begins.
const signsIn = peers.SignIn

// A Workload is what the goroutines do.
type Workload struct {
	Name, Title string

	due      float64 // the part of requests that find a session whose use has to be written down again
	writes   float64 // the part of requests that change the session
	idle     bool    // sessions end by inactivity
	demanded bool    // at the demanded level alone
	write    func(Subject) peers.Action
	has      func(Subject) bool
}

// of returns what a subject does in the workload.
func (w Workload) of(s Subject) crowd.Work {
	work := crowd.Work{Due: w.due, Writes: w.writes, Idle: w.idle}
	if w.write != nil {
		work.Write = w.write(s)
	}
	return work
}

// The names of the workloads.
const (
	Read  = "read"
	Touch = "touch"
	Every = "touch, all due"
	Write = "write"
	Mix   = "95 % read, 5 % written"
)

// Workloads returns all of them.
func Workloads() []Workload {
	count := func(Subject) peers.Action { return peers.Count }
	sure := func(s Subject) peers.Action {
		if s.own {
			return peers.Update // no write is lost, so that each read can be judged
		}
		return peers.Count
	}
	plain := func(s Subject) bool { return !s.cached }
	slides := func(s Subject) bool { return plain(s) && !s.lazy && !s.always }
	mixed := func(s Subject) bool { return slides(s) || s.cached }
	return []Workload{
		{Name: Read, Title: "GET, read 1 of 3 values", has: plain},
		{Name: Touch, Title: "GET, as read, with an end by inactivity; one in ten of ours has to move it", due: 0.1, idle: true, has: slides},
		{Name: Every, Title: "GET, the same; each of ours has to move it", due: 1, idle: true, demanded: true, has: slides},
		{Name: Write, Title: "POST, counter + 1 in a session of 3", writes: 1, write: count, has: plain},
		{Name: Mix, Title: "one in twenty is a POST, counter + 1 (ours: Update), the others GETs; an end by inactivity", writes: 0.05, idle: true, demanded: true, write: sure, has: mixed},
	}
}
