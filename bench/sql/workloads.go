package sql

import (
	"github.com/sojourn-go/session/bench/crowd"
	"github.com/sojourn-go/session/bench/peers"
)

// signsIn is how each session begins.
const signsIn = peers.SignInKB

// A Workload is what the goroutines do.
type Workload struct {
	Name, Title string

	work crowd.Work
}

// The names of the workloads.
const (
	Read  = "read"
	Touch = "touch"
	Write = "write"
)

// Workloads returns all of them.
func Workloads() []Workload {
	return []Workload{
		{Read, "GET, read 1 of 4 values", crowd.Work{}},
		{Touch, "GET, as read, with an end by inactivity; one in ten of ours has to move it", crowd.Work{Due: 0.1, Idle: true}},
		{Write, "POST, counter + 1 in a session of 4", crowd.Work{Writes: 1, Write: peers.Count}},
	}
}
