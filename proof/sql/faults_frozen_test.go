package sql_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/proof/stories/crowd"
)

// Servers stand still for five seconds, and answers come nevertheless. It counts
// goroutines, and is alone therefore.
func TestFaults_of_frozen_servers_hold_up_nobody_for_long(t *testing.T) {
	names := []string{"pgx", "mysql"}
	if long() {
		names = append(names, "pq")
	}
	var patients []*patient
	var wards []*ward
	most := 0
	for _, name := range names {
		p := newPatient(t, name)
		w := p.letIn(t, p.Addr(), session.Options{})
		patients, wards = append(patients, p), append(wards, w)
		most += w.Tabs() + 10*len(w.Nodes) // each node stands for a process
	}
	var ends []func()
	for _, w := range wards {
		ends = append(ends, w.Silence())
	}
	idle := runtime.NumGoroutine() // with the tabs, and no request
	for _, end := range ends {
		end()
	}
	peak := crowd.Watch(t)
	for i, w := range wards {
		w.Expect(crowd.Troubled)
		check(t, patients[i].Freeze())
		w.Expect(crowd.Rule{Reads: crowd.Either, Writes: crowd.Either, Most: crowd.Timeout + time.Second})
	}
	<-time.After(5 * time.Second)
	for i, w := range wards {
		w.Expect(crowd.Troubled)
		if w.Refusals(crowd.Verbs...) < w.Tabs() {
			t.Error("few noticed that the server stood still")
		}
		check(t, patients[i].Thaw())
	}
	for _, w := range wards {
		w.recovers(t, 10*time.Second)
	}
	t.Logf("goroutines: %d without a request, %d at most", idle, peak.Load())
	if want := idle + most; peak.Load() > int64(want) {
		t.Errorf("goroutines: want %d at most", want)
	}
	for _, w := range wards {
		w.Closes()
	}
}
