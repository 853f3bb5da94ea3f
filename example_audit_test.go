package session_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/sojourn-go/session"
)

// A kiosk departs from two of the requirements, and says why. What else
// deviates is a decision that nobody has written down.
func ExampleManager_Audit() {
	sessions := newSessions(session.Options{
		Idle:     session.Never,
		Lifetime: 8 * time.Hour,
		Deviations: map[string]string{
			"S05": "the kiosk shows departures to whoever stands there",
			"S33": "nobody signs in at the kiosk",
		},
	})
	for f := range sessions.Audit() {
		switch f.Verdict {
		case session.Stated, session.Deviates:
			fmt.Println(f)
		case session.Stale: // the reason can go
			fmt.Println(f.Row, "is met:", f.Value)
		case session.Kept, session.Application, session.Open:
		}
	}
	// Output:
	// S05 stated: a session ends that is not used (ASVS 7.3.1; NIST 5.2)
	//     Idle never
	//     because: the kiosk shows departures to whoever stands there
	// S33 stated: the token changes from time to time, with grace for requests under way (OWASP)
	//     no Rotate, with Idle never and Lifetime 8h0m0s
	//     because: nobody signs in at the kiosk
	// S38 deviates: the life of sessions is logged, without their tokens (ASVS 16.2.5; OWASP)
	//     there is no Options.Observe, and Logger takes not even errors
}

// Findings are data as well: for the page of an operator, or for a report.
func ExampleFinding() {
	sessions := newSessions(session.Options{})
	left := map[session.Verdict][]string{}
	for f := range sessions.Audit() {
		if f.Row == "S06" {
			text, _ := json.MarshalIndent(f, "", "  ")
			fmt.Println(string(text))
		}
		left[f.Verdict] = append(left[f.Verdict], f.Row)
	}
	fmt.Println("up to the application:", left[session.Application])
	// Output:
	// {
	//   "row": "S06",
	//   "source": "ASVS 7.3.2; NIST 5.1",
	//   "requirement": "a session ends at last, however busy it is",
	//   "value": "Lifetime 24h0m0s",
	//   "verdict": "kept"
	// }
	// up to the application: [S07 S11 S12 S13 S14 S15 S37 S39 S46]
}
