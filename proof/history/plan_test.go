package history

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// What is going to happen in a history, drawn from its seed.

// A plan is one request, or one act of the operator.
type plan struct {
	kind    string
	safe    bool       // by GET
	phases  [][]change // with a Commit between, if there are two
	looks   bool       // reads every value before it changes any
	mode    mode
	epoch   bool // holds the login to the owner's epoch
	stale   bool // with an older token of the browser's
	node    int
	pick    int // which of the sessions known, for the operator
	owner   string
	think   time.Duration // before it is sent
	delays  [4]time.Duration
	deliver time.Duration // after the answer was written, before the jar has it
}

// A mode is how a handler commits.
type mode uint8

const (
	implicitly mode = iota // by answering
	explicitly             // by Commit, and an error answers with its status
	stubbornly             // by Commit, up to three times
	carelessly             // by Commit, whatever came of it
)

var modeNames = [...]string{"", " Commit", " Commit, again if it fails", " Commit, never mind the error"}

// A script is a history to come.
type script struct {
	seed    uint64
	rules   rules
	timeout time.Duration
	limit   int
	weather weather
	prelude []plan // of the browsers, each alone, in fair weather
	lanes   []lane
}

// A lane is what one tab, device or operator does, one after the other. Lanes
// of one browser share a jar.
type lane struct {
	browser int // -1: the operator
	plans   []plan
}

var owners = []string{"ann", "bob"}

func draw(seed uint64) *script {
	g := generator{rand.New(rand.NewPCG(seed, 0x50f0))}
	s := &script{seed: seed, weather: weathers[g.IntN(len(weathers))]}
	s.rules = rules{idle: 30 * time.Minute, lifetime: 24 * time.Hour, strict: g.chance(15)}
	if g.chance(30) {
		s.rules.idle = time.Duration(60+g.IntN(100)) * time.Millisecond
		s.rules.lifetime = time.Duration(200+g.IntN(600)) * time.Millisecond
	}
	s.timeout, s.limit = 5*time.Second, 1000
	if g.chance(40) {
		s.timeout = time.Duration(20+g.IntN(60)) * time.Millisecond
	}
	if g.chance(15) {
		s.limit = 1 + g.IntN(3)
	}
	s.prelude = []plan{g.opening("issue pair"), g.opening("login")}
	if g.chance(50) {
		s.prelude[0] = g.opening("login issue")
	}
	mix := mixes[g.IntN(len(mixes))]
	for _, browser := range []int{0, 0, 0, 0, 1, 2} {
		l := lane{browser: browser}
		for i := range 3 + g.IntN(2) {
			l.plans = append(l.plans, g.plan(s, mix, fmt.Sprintf("%d%c%d", browser, 'a'+len(s.lanes), i)))
		}
		s.lanes = append(s.lanes, l)
	}
	op := lane{browser: -1}
	for range g.IntN(4) {
		op.plans = append(op.plans, g.operate(s))
	}
	s.lanes = append(s.lanes, op)
	return s
}

type generator struct{ *rand.Rand }

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

// delay draws up to most, in nanoseconds, so that hardly two are equal.
func (g *generator) delay(most time.Duration) time.Duration {
	if g.chance(30) {
		most /= 10
	}
	return time.Duration(g.Int64N(int64(most)))
}

// mixes are what requests are drawn from: all of it, mostly values, mostly who
// is signed in, and what is easily refused or found to change nothing.
var mixes = [][]string{
	strings.Split("read,read,set,flag,flag,getset,delete,delete append,inc,append,try,issue,take,take,clear,clear append,pair,renew,"+
		"set renew,renew set,login,login,set login,login set,login login,stepup,end,end set", ","),
	strings.Split("read,set,flag,flag append,getset,inc,append,append,try,issue,take,take,pair,pair,renew,login", ","),
	strings.Split("read,set,append,pair,renew,append renew,login,set login,login set,login append,end,end set,take end,issue,stepup", ","),
	strings.Split("read,flag,flag,flag,issue,take,take,take,issue,append,renew,login", ","),
}

func (g *generator) plan(s *script, mix []string, name string) plan {
	p := plan{kind: mix[g.IntN(len(mix))], node: g.IntN(2), mode: mode(g.IntN(4)), stale: g.chance(10)}
	if g.chance(50) {
		p.mode = implicitly
	}
	p.safe = p.kind == "read" || g.chance(15)
	p.looks = p.kind == "read" || p.kind == "getset" || p.kind == "take" || g.chance(20)
	p.epoch = g.chance(25)
	p.phases = append(p.phases, g.list(s, p.kind, name))
	if p.kind != "read" && p.mode != carelessly && g.chance(15) {
		second := mix[1+g.IntN(len(mix)-1)]
		p.mode = max(p.mode, explicitly)
		p.kind += " | " + second
		p.phases = append(p.phases, g.list(s, second, name+"'"))
	}
	p.think = g.delay(15 * time.Millisecond)
	if s.rules.idle < time.Second && g.chance(15) {
		p.think = s.rules.idle + g.delay(50*time.Millisecond) // long enough to expire
	}
	most := []time.Duration{10 * time.Millisecond, 10 * time.Millisecond, time.Millisecond}[g.IntN(3)]
	for i := range p.delays {
		p.delays[i] = g.delay(most)
	}
	p.deliver = g.delay(15 * time.Millisecond)
	return p
}

var verbOf = map[string]verb{
	"set": vSet, "flag": vFlag, "getset": vSet, "delete": vDelete, "inc": vInc, "append": vAppend, "try": vTry, "issue": vIssue,
	"take": vTake, "clear": vClear, "login": vLogin, "renew": vRenew, "stepup": vStepUp, "end": vEnd,
}

// list turns words into changes. Every value is written once in a history, so
// that who reads it knows who wrote it.
func (g *generator) list(s *script, kind, name string) (list []change) {
	for i, word := range words(kind) {
		c := change{verb: verbOf[word], arg: fmt.Sprintf("%s.%d", name, i)}
		switch c.verb {
		case vFlag:
			c.arg = []string{"on", "off"}[g.IntN(2)]
		case vLogin:
			c.arg = owners[g.IntN(len(owners))]
		case vDelete, vInc, vTry, vClear, vRenew, vStepUp, vEnd, vTake:
			c.arg = ""
		}
		if s.rules.strict && c.verb == vClear {
			continue // what Strict makes of it is not in the model
		}
		list = append(list, c)
	}
	return list
}

func words(kind string) []string {
	switch kind {
	case "read":
		return nil
	case "pair":
		return []string{"set", "append", "inc"}
	case "issue pair":
		return []string{"issue", "set", "append", "inc", "flag"}
	}
	return strings.Fields(kind)
}

// opening is a request that begins a session, ann's if it is anybody's.
func (g *generator) opening(kind string) plan {
	s := &script{}
	p := plan{kind: kind, phases: [][]change{g.list(s, kind, "first "+kind)}}
	for i := range p.phases[0] {
		if c := &p.phases[0][i]; c.verb == vLogin {
			c.arg = owners[0]
		}
	}
	return p
}

// operate draws an act from outside any session.
func (g *generator) operate(s *script) plan {
	kinds := []string{"End", "End", "EndAll", "EndAll", "EndID", "List"}
	return plan{
		kind: kinds[g.IntN(len(kinds))], node: g.IntN(2), pick: g.IntN(1 << 20), owner: owners[g.IntN(len(owners))],
		think: g.delay(60 * time.Millisecond),
	}
}
