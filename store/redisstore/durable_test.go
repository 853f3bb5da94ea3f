package redisstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/redisstore"
)

// A pinning client answers as a server with so many replicas would.
type pinning struct {
	recorder
	first redisstore.Reply // to the write
	wait  redisstore.Reply // to WAIT
}

func (p *pinning) DoPinned(_ context.Context, cmds ...redisstore.Command) []redisstore.Reply {
	for _, cmd := range cmds {
		p.sent = append(p.sent, cmd.Args)
	}
	return []redisstore.Reply{p.first, p.wait}
}

func TestOnlyADurableSaveWaitsForReplicas(t *testing.T) {
	p := &pinning{first: redisstore.Reply{Value: int64(1)}, wait: redisstore.Reply{Value: int64(2)}}
	p.answer = func(redisstore.Command) (redisstore.Reply, bool) { return redisstore.Reply{Value: int64(1)}, true }
	st := newStore(t, p, redisstore.Options{Replicas: 2, ReplicaTimeout: 300 * time.Millisecond})
	_, err := st.Save(t.Context(), "a", store.Record{Version: 1})
	must(t, err)
	if got := p.names(); got != "EVALSHA" {
		t.Errorf("a Save sent %s", got)
	}
	_, err = st.Save(t.Context(), "a", store.Record{Version: 1, Durable: true})
	must(t, err)
	if wait := p.sent[len(p.sent)-1]; len(p.sent) != 2 || wait[0] != "WAIT" || wait[1] != "2" || wait[2] != "300" {
		t.Errorf("a durable Save sent %q", p.sent)
	}
	if !st.Durable() || newStore(t, p, redisstore.Options{}).Durable() {
		t.Error("Durable does not tell whether there are Replicas")
	}
}

func TestAShortfallOfReplicasIsErrNotDurableWithTheVersion(t *testing.T) {
	for what, wait := range map[string]redisstore.Reply{
		"too few":                {Value: int64(1)},
		"none":                   {Value: int64(0)},
		"the connection is lost": {Err: errors.New("lost")},
		"refused":                {Err: redisstore.Error("NOPERM no")},
		"no number":              {Value: "2"},
	} {
		for _, version := range []uint64{0, 1} {
			first := redisstore.Reply{Value: int64(1)}
			if version == 0 {
				first.Value = "OK"
			}
			st := newStore(t, &pinning{first: first, wait: wait}, redisstore.Options{Replicas: 2})
			v, err := st.Save(t.Context(), "a", store.Record{Durable: true, Version: version})
			if !errors.Is(err, store.ErrNotDurable) || v == 0 {
				t.Errorf("%s: got version %d, %v, want one and ErrNotDurable", what, v, err)
			}
		}
	}
}

func TestWhatWasNotAppliedIsNotErrNotDurable(t *testing.T) {
	for what, c := range map[string]struct {
		first redisstore.Reply
		want  error
	}{
		"a conflict": {redisstore.Reply{Value: int64(0)}, store.ErrConflict},
		"full":       {redisstore.Reply{Err: redisstore.Error("OOM command not allowed")}, store.ErrFull},
		"lost":       {redisstore.Reply{Err: context.DeadlineExceeded}, context.DeadlineExceeded},
	} {
		st := newStore(t, &pinning{first: c.first, wait: redisstore.Reply{Value: int64(0)}}, redisstore.Options{Replicas: 1})
		_, err := st.Save(t.Context(), "a", store.Record{Durable: true, Version: 1})
		if !errors.Is(err, c.want) || errors.Is(err, store.ErrNotDurable) {
			t.Errorf("%s: got %v, want %v", what, err, c.want)
		}
	}
}

// WAIT with 0 would wait for ever, and an answer after the deadline is of no use
// to anybody.
func TestReplicasHaveLessTimeThanTheCaller(t *testing.T) {
	p := &pinning{first: redisstore.Reply{Value: int64(1)}, wait: redisstore.Reply{Value: int64(1)}}
	st := newStore(t, p, redisstore.Options{Replicas: 1, ReplicaTimeout: time.Minute})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := st.Save(ctx, "a", store.Record{Durable: true, Version: 1})
	must(t, err)
	if ms := p.sent[1][2]; len(ms) != 4 || ms[0] != '1' {
		t.Errorf("WAIT for %s ms of 2000", ms)
	}
	p.sent = nil
	short, cancel := context.WithTimeout(t.Context(), 500*time.Microsecond)
	defer cancel()
	_, err = st.Save(short, "a", store.Record{Durable: true, Version: 1})
	wantIs(t, "Save without time", err, context.DeadlineExceeded)
	if len(p.sent) != 0 {
		t.Errorf("sent %q, with no time left to hear of it", p.sent)
	}
}
