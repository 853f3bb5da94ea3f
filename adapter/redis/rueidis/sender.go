package rueidis

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/sojourn-go/session/store/redisstore"
)

const (
	recently = 100 * time.Millisecond
	lanes    = 64 // of a Cluster, 256 slots each
	waiters  = 4  // goroutines that wait at once, a lane

	// A pipeline of rueidis has 1024 places, unless RingScaleEachConn is set;
	// who finds it full waits there without looking at the context. What was
	// given up keeps its place until it is answered, so there are some to spare.
	mostDirect = 512

	firstPause = time.Millisecond
	lastPause  = 250 * time.Millisecond
)

// A sender sends commands so that each ends with its own context.
//
// rueidis does not look at a context while it waits for a connection that another
// call is making, or for a place in a full pipeline; and if that other call ends,
// so does the making, for all who wait. A call that is alone it may hold until
// the deadline. So the caller lets a goroutine wait, which calls off nothing.
// Only a client that always pipelines, where a server has just answered, is waited
// for without, by at most mostDirect callers: there is a connection with room in
// its pipeline, and a goroutine would be a fifth of the whole cost.
type sender struct {
	client    rueidis.Client
	pipelines bool   // always
	lanes     []lane // more than one: a Cluster

	_      [64]byte     // each call writes what follows, and only reads the above
	direct atomic.Int64 // callers that wait in rueidis themselves, of all lanes
}

// A lane is to the server of some slots, or to the only one.
type lane struct {
	answered atomic.Int64  // when, by clock; 0: not any more
	waiting  chan struct{} // as many as goroutines are
}

func newSender(c rueidis.Client, pipelines bool, n int) *sender {
	s := &sender{client: c, pipelines: pipelines, lanes: make([]lane, n)}
	for i := range s.lanes {
		s.lanes[i].waiting = make(chan struct{}, waiters)
	}
	return s
}

// Do implements redisstore.Client. A GET that came to nothing is sent again
// until the context is done.
func (s *sender) Do(ctx context.Context, cmd redisstore.Command) (any, error) {
	get := isGet(cmd)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		r := s.send(ctx, command(s.client.B(), cmd, false))
		if !get || ctx.Done() == nil || !isPassing(r.Error()) {
			return answer(r, get)
		}
		select {
		case <-ctx.Done():
			return answer(r, get)
		case <-time.After(pause):
		}
	}
}

// isPassing tells errors that may be gone the next time.
func isPassing(err error) bool {
	if refused, ok := rueidis.IsRedisErr(err); ok {
		return refused.IsLoading() || refused.IsClusterDown() || refused.IsTryAgain()
	}
	return err != nil && !rueidis.IsRedisNil(err) && !errors.Is(err, rueidis.ErrClosing)
}

// send sends a command once.
func (s *sender) send(ctx context.Context, cmd rueidis.Completed) rueidis.RedisResult {
	if err := ctx.Err(); err != nil {
		return rueidis.NewErrorResult(err)
	}
	l := &s.lanes[int(cmd.Slot())*len(s.lanes)/slots%len(s.lanes)]
	if s.mayGoDirect(l) {
		return s.goDirect(ctx, l, cmd)
	}
	if !s.pipelines && l.isOpen() {
		return s.wait(ctx, l, cmd, nothing)
	}
	select {
	case l.waiting <- struct{}{}:
	case <-ctx.Done():
		return rueidis.NewErrorResult(ctx.Err())
	}
	leave := func() { <-l.waiting }
	if s.mayGoDirect(l) { // since another one waited
		leave()
		return s.goDirect(ctx, l, cmd)
	}
	return s.wait(ctx, l, cmd, leave)
}

// mayGoDirect takes a place among those who send without a goroutine, if there
// is one. It is given back by goDirect.
func (s *sender) mayGoDirect(l *lane) bool {
	if !s.pipelines || !l.isOpen() {
		return false
	}
	if s.direct.Add(1) <= mostDirect {
		return true
	}
	s.direct.Add(-1)
	return false
}

func (s *sender) goDirect(ctx context.Context, l *lane, cmd rueidis.Completed) rueidis.RedisResult {
	defer s.direct.Add(-1)
	return l.note(s.client.Do(ctx, cmd))
}

// wait sends a command, and returns when there is an answer or the context is
// done; what it has started goes on until there is one, and then calls leave.
func (s *sender) wait(ctx context.Context, l *lane, cmd rueidis.Completed, leave func()) rueidis.RedisResult {
	results := make(chan rueidis.RedisResult, 1)
	go func() {
		results <- l.note(s.client.Do(context.WithoutCancel(ctx), cmd))
		leave()
	}()
	select {
	case r := <-results:
		return r
	case <-ctx.Done():
		return rueidis.NewErrorResult(ctx.Err())
	}
}

func (l *lane) isOpen() bool {
	last := l.answered.Load()
	return last != 0 && clock()-last < int64(recently)
}

// note notes whether there was an answer.
func (l *lane) note(r rueidis.RedisResult) rueidis.RedisResult {
	if r.NonRedisError() != nil {
		l.answered.Store(0)
	} else if now := clock(); now-l.answered.Load() > int64(recently/4) {
		l.answered.Store(now) // not each time: all processors read it
	}
	return r
}

var base = time.Now()

// clock returns the nanoseconds since the start, and is never 0.
func clock() int64 { return 1 + int64(time.Since(base)) }
