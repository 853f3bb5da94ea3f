package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// print writes a report for people.
func (r Report) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s, sessions of %d B, every tenth with an owner\n\n", r.Go, r.DataLen)
	r.printCost(t)
	r.printHolds(t)
	r.printVerdicts(t)
	return t.Flush()
}

func (r Report) printCost(w io.Writer) {
	fmt.Fprint(w, "store\tsessions\theap B/session\toverhead\tobjects\tGC CPU (empty)\tLoad CPU\t"+
		"sweep wall\treader, slowest\twithout sweep\n")
	for _, f := range r.Stores {
		fmt.Fprintf(w, "%s\t%d\t%.1f\t%.1f\t%.2f\t%.2f ms (%.2f)\t%.0f ns\t%.1f ms\t%.2f ms\t%.2f ms\n",
			f.Store, f.Sessions, f.HeapPerSession, f.HeapOverhead, f.ObjectsPerSession, f.GCMillis, f.EmptyGCMillis,
			f.LoadNanos, slices.Max(f.SweepWallMillis), slices.Max(f.DuringSweepMillis), slices.Max(f.QuietMillis))
	}
	fmt.Fprintln(w)
}

func (r Report) printHolds(w io.Writer) {
	fmt.Fprint(w, "store\tsessions\tholding a lock to\tholds\tlongest\tin all\tover 100 us\tover 200 us\n")
	for _, f := range r.Stores {
		for _, h := range f.Holds {
			fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%.1f us\t%.1f ms\t%d\t%d\n", f.Store, f.Sessions, h.Operation,
				h.Count, h.LongestMicros, h.TotalMillis, h.Over100Micros, h.Over200Micros)
		}
	}
	fmt.Fprintln(w)
}

func (r Report) printVerdicts(w io.Writer) {
	fmt.Fprint(w, "sessions\tdemand on memstore\tfigure\tdemanded\t[best]\tmet\n")
	for _, v := range r.Verdicts {
		bound, best := "<=", ""
		if v.AtLeast {
			bound = ">="
		}
		if v.Moonshot != 0 {
			best = fmt.Sprintf("[%g]", v.Moonshot)
		}
		fmt.Fprintf(w, "%d\t%s\t%.1f\t%s %g\t%s\t%t\n", v.Sessions, v.What, v.Figure, bound, v.Demand, best, v.Met)
	}
}
