package main

import "slices"

const million = 1_000_000

// judge compares the figures with what is demanded of memstore.
func judge(stores []Figures) (all []Verdict) {
	for _, f := range stores {
		if f.Store != "memstore" {
			continue
		}
		all = append(all,
			atMost(f, "heap overhead, B a session", f.HeapOverhead, 90, 70),
			atMost(f, "longest hold of a lock, us", f.longest(), 200, 100),
			atMost(f, "Load, ns", f.LoadNanos, 250, 0),
		)
		i := slices.IndexFunc(stores, func(o Figures) bool { return o.Store == "scs" && o.Sessions == f.Sessions })
		if i < 0 {
			continue
		}
		const what = "collection, times cheaper than scs"
		switch ratio := stores[i].GCMillis / f.GCMillis; {
		case f.Sessions >= 5*million:
			all = append(all, atLeast(f, what, ratio, 400))
		case f.Sessions >= million:
			all = append(all, atLeast(f, what, ratio, 50))
		}
	}
	return all
}

func atMost(f Figures, what string, figure, demand, moonshot float64) Verdict {
	return Verdict{f.Sessions, what, figure, false, demand, moonshot, figure <= demand}
}

func atLeast(f Figures, what string, figure, demand float64) Verdict {
	return Verdict{f.Sessions, what, figure, true, demand, 0, figure >= demand}
}

// longest is the longest hold of all operations but the control.
func (f Figures) longest() (micros float64) {
	for _, h := range f.Holds {
		if h.Operation != opEmpty {
			micros = max(micros, h.LongestMicros)
		}
	}
	return micros
}
