package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/redisstore"
)

// A doubling client names every key of a SCAN twice, as the server may.
type doubling struct{ redisstore.Client }

func (d doubling) Do(ctx context.Context, cmd redisstore.Command) (any, error) {
	reply, err := d.Client.Do(ctx, cmd)
	if pair, ok := reply.([]any); ok && cmd.Args[0] == "SCAN" {
		keys := pair[1].([]any)
		pair[1] = append(keys, keys...)
	}
	return reply, err
}

func TestListNamesEachSessionOnceAndNothingOfOthers(t *testing.T) {
	s := startServer(t)
	st, ctx := newStore(t, doubling{plainClient{s}}, redisstore.Options{Prefix: "a*:"}), t.Context()
	for i := range 500 {
		_, err := st.Save(ctx, fmt.Sprintf("id%d", i), store.Record{Data: fmt.Append(nil, i), Expires: time.Now().Add(time.Hour)})
		must(t, err)
	}
	for _, cmd := range [][]string{
		{"SET", "ab:id1", "of others, though the prefix would match it as a pattern"},
		{"SET", "other", "x"},
		{"RPUSH", "a*:list", "x"},
		{"SET", "a*:no id at all", "x"},
	} {
		_, err := s.Do(cmd...)
		must(t, err)
	}
	got := map[string]string{}
	for e, err := range st.List(ctx) {
		must(t, err)
		if _, twice := got[e.ID]; twice {
			t.Errorf("%s twice", e.ID)
		}
		got[e.ID] = string(e.Record.Data)
	}
	if len(got) != 500 || got["id77"] != "77" {
		t.Errorf("%d sessions, %q, want 500", len(got), got["id77"])
	}
}

func TestListNeverAsksTheServerForEverythingAtOnce(t *testing.T) {
	s := startServer(t)
	rec := &recorder{Client: plainClient{s}}
	rec.answer = func(cmd redisstore.Command) (redisstore.Reply, bool) {
		switch {
		case cmd.Args[0] == "KEYS":
			t.Error("KEYS stops the server for all")
		case cmd.Args[0] == "SCAN" && !strings.Contains(strings.Join(cmd.Args, " "), "COUNT 100"):
			t.Errorf("%q", cmd.Args)
		}
		return redisstore.Reply{}, false
	}
	must(t, firstError(newStore(t, rec, redisstore.Options{}).List(t.Context())))
	if rec.names() == "" {
		t.Error("nothing was sent")
	}
}

func TestListEndsWithAnError(t *testing.T) {
	s := startServer(t)
	lost := errors.New("lost")
	for what, answer := range map[string]func(redisstore.Command) (redisstore.Reply, bool){
		"SCAN fails": func(cmd redisstore.Command) (redisstore.Reply, bool) {
			return redisstore.Reply{Err: lost}, cmd.Args[0] == "SCAN"
		},
		"GET fails": func(cmd redisstore.Command) (redisstore.Reply, bool) {
			return redisstore.Reply{Err: lost}, cmd.Args[0] == "GET"
		},
	} {
		rec := &serial{recorder: recorder{Client: plainClient{s}, answer: answer}}
		st := newStore(t, rec, redisstore.Options{})
		_, err := newStore(t, plainClient{s}, redisstore.Options{}).Save(t.Context(), "one", store.Record{})
		if err != nil && !errors.Is(err, store.ErrConflict) {
			t.Fatal(err)
		}
		wantIs(t, what, firstError(st.List(t.Context())), lost)
	}
}

// serial is a recorder for the GETs of List, which come several at once.
type serial struct{ recorder }

func (s *serial) Do(ctx context.Context, cmd redisstore.Command) (any, error) {
	if reply, ok := s.answer(cmd); ok {
		return reply.Value, reply.Err
	}
	return s.Client.Do(ctx, cmd)
}

func TestAnswersThatAreNoneAreErrors(t *testing.T) {
	for _, value := range []any{int64(1), "x", 3.5, []any{"0"}, []any{int64(0), "x"}, []any{"0", []any{int64(1)}}} {
		rec := &recorder{answer: func(redisstore.Command) (redisstore.Reply, bool) { return redisstore.Reply{Value: value}, true }}
		st, ctx := newStore(t, rec, redisstore.Options{}), t.Context()
		if _, err := st.Load(ctx, "a"); err == nil {
			t.Errorf("Load takes %v", value)
		}
		if _, err := st.Save(ctx, "a", store.Record{}); err == nil {
			t.Errorf("Save takes %v", value)
		}
		if err := firstError(st.List(ctx)); err == nil {
			t.Errorf("List takes %v", value)
		}
	}
}
