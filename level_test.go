package session_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session"
)

const day = 24 * time.Hour

var reason = map[string]string{"S07": "the scanners of the warehouse stay signed in for a shift"}

func TestLevel_gives_Idle_and_Lifetime_that_nobody_chose(t *testing.T) {
	for _, c := range []struct {
		level           session.Level
		lifetime        time.Duration
		idle, lifetime2 time.Duration // as they come out
	}{
		{0, 0, 30 * time.Minute, day},
		{1, 0, 30 * time.Minute, day},
		{1, 30 * day, 30 * time.Minute, 30 * day},
		{2, 0, 30 * time.Minute, day},
		{3, 0, 15 * time.Minute, 12 * time.Hour},
		{3, 5 * time.Minute, 5 * time.Minute, 5 * time.Minute},
	} {
		everywhereInTime(t, func(t *testing.T, newLab labMaker) {
			o := session.Options{Level: c.level, Lifetime: c.lifetime}
			v := newLab(t, o).login("ann")
			want(t, "Idle", time.Until(v.info().Expires), c.idle)
			o.Idle = session.Never
			o.Deviations = reason
			v = newLab(t, o).login("ann")
			want(t, "Lifetime", time.Until(v.info().Expires), c.lifetime2)
		})
	}
}

// The table of audit row S07 (NIST SP 800-63B-4, 2.1.3, 2.2.3, 2.3.3), in Options
// and in Terms.
func TestLevel_is_a_ceiling_that_only_a_stated_reason_lifts(t *testing.T) {
	for _, c := range []struct {
		level          session.Level
		idle, lifetime time.Duration
		faults         string // which of the two are too long
	}{
		{0, session.Never, session.Never, ""},
		{1, 30 * day, 30 * day, ""},
		{1, session.Never, 30 * day, ""},
		{1, time.Hour, 30*day + 1, "Lifetime"},
		{1, time.Hour, session.Never, "Lifetime"},
		{2, time.Hour, day, ""},
		{2, time.Hour + 1, day, "Idle"},
		{2, session.Never, day, "Idle"},
		{2, time.Hour, day + 1, "Lifetime"},
		{2, session.Never, session.Never, "Idle Lifetime"},
		{3, 15 * time.Minute, 12 * time.Hour, ""},
		{3, 15*time.Minute + 1, 12*time.Hour + 1, "Idle Lifetime"},
		{3, session.Never, session.Never, "Idle Lifetime"},
	} {
		for what, newManager := range managers {
			times := session.Options{Level: c.level, Idle: c.idle, Lifetime: c.lifetime}
			_, err := newManager(times)
			wantFaults(t, what, err, "", c.faults)
			times.Deviations = reason
			_, err = newManager(times)
			wantFaults(t, what+" with a reason", err, "", "")
		}
		terms := session.Terms{Idle: c.idle, Lifetime: c.lifetime}
		newLab(t, session.Options{Level: c.level}).visitor().posts(func(s *session.Session) {
			wantFaults(t, "LoginWith", s.LoginWith("ann", terms), "Terms.", c.faults)
		})
		newLab(t, session.Options{Level: c.level, Deviations: reason}).visitor().posts(func(s *session.Session) {
			wantFaults(t, "LoginWith with a reason", s.LoginWith("ann", terms), "Terms.", "")
		})
	}
}

func wantFaults(t *testing.T, what string, err error, prefix, faults string) {
	t.Helper()
	text := ""
	if err != nil {
		text = err.Error()
	}
	for _, name := range []string{"Idle", "Lifetime"} {
		got := strings.Contains(text, "session: "+prefix+name+" is ") && strings.Contains(text, `Deviations["S07"]`)
		want(t, what+" tells of "+name+" in "+text, got, strings.Contains(faults, name))
	}
	want(t, what+" fails", err != nil, faults != "")
}

// Remember takes from Idle its effect. Level 1 asks for no Idle, and so needs no
// reason.
func TestRemember_needs_a_reason_at_the_levels_that_ask_for_an_idle_end(t *testing.T) {
	for level, refused := range []bool{false, false, true, true} {
		o := session.Options{Level: session.Level(level)}
		for range 2 {
			l := newLab(t, o)
			v := l.visitor()
			v.posts(func(s *session.Session) {
				err := s.LoginWith("ann", session.Terms{Remember: true})
				if refused != (err != nil) || refused && !strings.Contains(err.Error(), "Terms.Remember") {
					t.Errorf("level %d, reasons %v: got %v", level, o.Deviations, err)
				}
			})
			want(t, "it is remembered", v.cookie != nil && v.cookie.MaxAge > 0, !refused)
			o.Deviations, refused = reason, false
		}
	}
}

// What a session's level is, the login decides.
func TestA_login_below_the_level_of_the_options_is_of_its_own_level(t *testing.T) {
	v := newLab(t, session.Options{Level: 2}).visitor()
	v.posts(func(s *session.Session) { want(t, "error", s.LoginWith("ann", session.Terms{Level: 1}), nil) })
	want(t, "level", v.info().Level, session.Level(1))
}

func TestLevel_and_Deviations_are_checked_with_everything_else(t *testing.T) {
	for what, newManager := range managers {
		_, err := newManager(session.Options{
			Level: 4, MaxRecord: 1,
			Deviations: map[string]string{"S07": " \n", "S53": "why", "s01": "why", "S1": "why", "S00": "why", "": ""},
		})
		for _, part := range []string{
			"Level is 4", "MaxRecord", `Deviations["S07"] is blank`, `Deviations["S53"]: the rows of Audit are S01 to S52`,
			`Deviations["s01"]: the`, `Deviations["S1"]: the`, `Deviations["S00"]: the`, `Deviations[""]: the`, `Deviations[""] is blank`,
		} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error does not tell of %q:\n%v", what, part, err)
			}
		}
		if _, err := newManager(session.Options{Level: 3, Deviations: map[string]string{"S01": "why", "S52": "why"}}); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := newManager(session.Options{Level: 2, Idle: 2 * time.Hour, Deviations: map[string]string{"S07": " "}}); err == nil {
			t.Errorf("%s: a blank reason was taken for one", what)
		}
	}
}

// The manager's reasons are its own: who changes the map later changes nothing.
func TestDeviations_are_copied(t *testing.T) {
	why := map[string]string{"S07": "a shift"}
	l := newLab(t, session.Options{Level: 3, Deviations: why})
	delete(why, "S07")
	l.visitor().posts(func(s *session.Session) {
		want(t, "error", s.LoginWith("ann", session.Terms{Lifetime: day}), nil)
	})
}

// A session of before the level was raised, or of a process that is configured
// otherwise, kept its Idle and Lifetime through StepUp.
func TestStepUp_keeps_to_the_ceilings_of_the_level_of_the_options(t *testing.T) {
	everywhereInTime(t, func(t *testing.T, newLab labMaker) {
		for why, most := range map[string]time.Duration{"": 15 * time.Minute, "a shift": 60 * day} {
			l := newLab(t, session.Options{Idle: session.Never, Lifetime: 60 * day})
			v := l.login("ann")
			o := session.Options{Level: 3}
			if why != "" {
				o.Deviations = map[string]string{"S07": why}
			}
			strict := v.at(l.like(o))
			strict.posts(func(s *session.Session) { want(t, "StepUp", s.StepUp(3), nil) })
			want(t, "time left, reason "+why, time.Until(strict.info().Expires), most)
			if why != "" {
				continue
			}
			for range 6*12 - 1 {
				time.Sleep(10 * time.Minute)
				want(t, "owner in use", strict.owner(), "ann")
			}
			time.Sleep(10 * time.Minute)
			want(t, "owner after the lifetime of the level", strict.owner(), "")
		}
	})
}

// One that is remembered had no Idle end.
func TestStepUp_forgets_who_was_remembered_where_the_level_asks_for_an_idle_end(t *testing.T) {
	everywhereInTime(t, func(t *testing.T, newLab labMaker) {
		l := newLab(t, session.Options{Lifetime: 60 * day})
		v := l.remembered("ann")
		strict := v.at(l.like(session.Options{Level: 3}))
		strict.posts(func(s *session.Session) { want(t, "StepUp", s.StepUp(3), nil) })
		want(t, "remembered", strict.info().Remembered, false)
		time.Sleep(15 * time.Minute)
		want(t, "owner", strict.owner(), "")
	})
}
