package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sojourn-go/session/bench/crowd"
	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/bench/sql"
)

// sqlTrips is P10 in databases that are reached over a connection: of requests,
// and of each call of the store.
func (d *Data) sqlTrips() []Line {
	requests := []string{sql.NoCookie, sql.Untouched, sql.Read, sql.Write, sql.Garbage, sql.OwnerList}
	var lines []Line
	for _, subject := range []string{sql.Pgx, sql.Pgxpool, sql.PQ, sql.MySQL} {
		lines = append(lines,
			d.sqlTripLine(subject, strings.Join(requests, " / "), requests, []int{0, 0, 1, 2, 0, 6}),
			d.sqlTripLine(subject, "each call of the store, "+strings.Join(sql.Calls, " / "), sql.Calls, slices.Repeat([]int{1}, len(sql.Calls))))
	}
	return lines
}

func (d *Data) sqlTripLine(subject, what string, all []string, most []int) Line {
	l := Line{ID: "P10", What: subject + ", round trips: " + what, Verdict: Met}
	for i, each := range all {
		l.Demand += fmt.Sprintf(" / %d", most[i])
		got, ok := d.sqlTrip(each, subject)
		if !ok {
			l.Reached, l.Verdict = " / –", Unknown
			break
		}
		l.Reached += fmt.Sprintf(" / %d", got)
		if got > most[i] {
			l.Verdict = Missed
		}
	}
	l.Demand, l.Reached = "≤ "+strings.TrimPrefix(l.Demand, " / "), strings.TrimPrefix(l.Reached, " / ")
	return l
}

func (d *Data) sqlTrip(what, subject string) (int, bool) {
	i := slices.IndexFunc(d.SQL.Trips, func(t sql.Trip) bool { return t.What == what && t.Subject == subject })
	if i < 0 {
		return 0, false
	}
	return d.SQL.Trips[i].Trips, true
}

// sqlLoad is P13 and P14.
func (d *Data) sqlLoad() []Line {
	var lines []Line
	for _, p := range []struct {
		workload         string
		demand, moonshot float64
	}{{sql.Touch, 3, 4.5}, {sql.Write, 1.2, 2.5}, {sql.Read, 1, 3.5}} {
		b := bound{
			id: "P13", what: "PostgreSQL, " + p.workload + ": CPU of client and server, scs over ours",
			demand: p.demand, moonshot: p.moonshot, format: times,
		}
		lines = append(lines, b.judge(d.overThem(sql.Pgx, []string{sql.SCSPgx}, p.workload, sql.Demanded, crowd.CPU)))
	}
	b := bound{id: "P14", what: fmt.Sprintf("bbolt, durable writes a second, %d at once, ours over scs", sql.Demanded), demand: 10, format: times}
	return append(lines, b.judge(d.overThem(sql.BoltStore, []string{sql.SCSBoltStore}, sql.Write, sql.Demanded, crowd.Each)))
}

// overThem says how many times as much of something the others take, in the best
// of their forms.
func (d *Data) overThem(ours string, others []string, workload string, level int, figure func(crowd.Block) float64) (measure.Ratio, bool) {
	own, ok := d.SQL.Cells.Find(workload, ours, level)
	other, okOther := d.SQL.Cells.Better(workload, others, level, figure)
	if !ok || !okOther {
		return measure.Ratio{}, false
	}
	return other.Over(own.Result(figure)), true
}
