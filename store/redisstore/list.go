package redisstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"

	"github.com/sojourn-go/session/store"
)

const (
	scanCount = "100" // keys that the server looks at before it serves others again
	loaders   = 8     // GETs at once
)

// List implements [store.Lister], for operators: it goes through all keys of
// each master with SCAN, a hundred at a time, so that the server serves others
// in between, and gets what has the prefix with a few GETs at once. That takes
// its time: a round trip for every hundred keys of anybody's, and one for each
// session. It remembers the ids it has yielded (about 100 bytes each), since
// SCAN may name a key twice. A session whose slot moves to another server
// during the iteration may be missed.
//
// Under the prefix it passes over keys that no session can have, and over
// those that hold something else than strings; a string that is not a session
// of a known format ends it with an error.
func (s *Store) List(ctx context.Context) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		masters, err := s.masters(ctx)
		if err != nil {
			yield(store.Entry{}, err)
			return
		}
		seen := map[string]struct{}{}
		for _, m := range masters {
			if !s.listOne(ctx, m, seen, yield) {
				return
			}
		}
	}
}

func (s *Store) masters(ctx context.Context) ([]Client, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, ok := s.client.(Cluster)
	if !ok {
		return []Client{s.client}, nil
	}
	masters, err := c.Masters(ctx)
	if err != nil {
		return nil, fmt.Errorf("redisstore: the masters of the cluster: %w", err)
	}
	return masters, nil
}

// listOne yields what one server has, and reports whether to go on.
func (s *Store) listOne(ctx context.Context, c Client, seen map[string]struct{}, yield func(store.Entry, error) bool) bool {
	for cursor := "0"; ; {
		var keys []string
		var err error
		if err = ctx.Err(); err == nil {
			keys, cursor, err = s.scan(ctx, c, cursor)
		}
		if err != nil {
			yield(store.Entry{}, err)
			return false
		}
		ids := keys[:0]
		for _, key := range keys {
			id, ok := s.ID(key)
			if _, twice := seen[id]; ok && !twice {
				ids = append(ids, id)
				seen[id] = struct{}{}
			}
		}
		for _, e := range s.loadAll(ctx, ids) {
			switch {
			case errors.Is(e.err, store.ErrNotFound):
				continue
			case e.err != nil:
				yield(store.Entry{}, e.err)
				return false
			}
			if !yield(e.Entry, nil) {
				return false
			}
		}
		if cursor == "0" {
			return true
		}
	}
}

// scan returns the next keys, and where to go on; "0": that was all.
func (s *Store) scan(ctx context.Context, c Client, cursor string) (keys []string, next string, err error) {
	ctx, end := s.limited(ctx)
	defer end()
	reply, err := c.Do(ctx, Command{Args: []string{
		"SCAN", cursor, "MATCH", glob(s.opts.Prefix) + "*", "COUNT", scanCount, "TYPE", "string",
	}})
	if err != nil {
		return nil, "", fail(ctx, "SCAN", err)
	}
	pair, _ := reply.([]any)
	if len(pair) != 2 {
		return nil, "", strange("SCAN", reply)
	}
	next, ok := text(pair[0])
	list, isList := pair[1].([]any)
	if !ok || !isList && pair[1] != nil {
		return nil, "", strange("SCAN", reply)
	}
	for _, v := range list {
		key, ok := text(v)
		if !ok {
			return nil, "", strange("SCAN", v)
		}
		keys = append(keys, key)
	}
	return keys, next, nil
}

func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	}
	return "", false
}

// glob returns the pattern that matches nothing but the text itself.
func glob(text string) string { return globber.Replace(text) }

var globber = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)

type loaded struct {
	store.Entry
	err error
}

// loadAll loads the records of ids, in their order.
func (s *Store) loadAll(ctx context.Context, ids []string) []loaded {
	all := make([]loaded, len(ids))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(loaders, len(ids)) {
		wg.Go(func() {
			for i := range next {
				all[i].ID = ids[i]
				all[i].Record, all[i].err = s.Load(ctx, ids[i])
			}
		})
	}
	for i := range ids {
		next <- i
	}
	close(next)
	wg.Wait()
	return all
}
