package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Check asks each master whether it is fit to keep sessions, and returns all
// that is wrong, as advice for operators:
//
//   - It would evict: its memory has a bound, and its maxmemory-policy is not
//     noeviction. When it is full it drops sessions, and nothing tells anybody:
//     their users are signed out. With noeviction new sessions are refused, with
//     store.ErrFull.
//   - It is a replica, which refuses every write.
//   - It is a node of a Cluster, and the client does not know of Clusters.
//   - It has fewer replicas than Options.Replicas waits for, so that no login
//     would count as kept.
//   - It does not say (INFO is forbidden), or cannot be reached.
//
// It is for the start of a program, as a warning: a Store works, or fails, the
// same without it. It sends two or three commands to each master.
func (s *Store) Check(ctx context.Context) error {
	ctx, end := s.limited(ctx)
	defer end()
	masters, err := s.masters(ctx)
	if err != nil {
		return err
	}
	var faults []error
	for i, m := range masters {
		who := ""
		if len(masters) > 1 {
			who = fmt.Sprintf("master %d of %d: ", i+1, len(masters))
		}
		for _, fault := range s.checkOne(ctx, m) {
			faults = append(faults, fmt.Errorf("redisstore: %s%w", who, fault))
		}
	}
	return errors.Join(faults...)
}

// checkOne returns what is wrong with one server.
func (s *Store) checkOne(ctx context.Context, c Client) (faults []error) {
	memory, err := serverInfo(ctx, c, "memory")
	if err != nil {
		return []error{fmt.Errorf("whether it evicts sessions cannot be told: %w", err)}
	}
	faults = append(faults, checkEviction(memory)...)
	replication, err := serverInfo(ctx, c, "replication")
	if err != nil {
		return append(faults, fmt.Errorf("whether it is a master cannot be told: %w", err))
	}
	if _, ok := s.client.(Cluster); !ok {
		// Who may not ask is not told: most are no Cluster.
		if cluster, err := serverInfo(ctx, c, "cluster"); err == nil && cluster["cluster_enabled"] == "1" {
			faults = append(faults, errors.New("it is a node of a Cluster, and most sessions belong to another one: use a client for Clusters (redis+cluster:// in a URL)"))
		}
	}
	if replication["role"] == "slave" {
		return append(faults, errors.New("it is a replica, and refuses what sessions write: connect to its master"))
	}
	if n, _ := strconv.Atoi(replication["connected_slaves"]); n < s.opts.Replicas {
		faults = append(faults, fmt.Errorf("it has %d replicas, and Options.Replicas waits for %d: no login would count as kept", n, s.opts.Replicas))
	}
	return faults
}

func checkEviction(memory map[string]string) []error {
	policy, bound := memory["maxmemory_policy"], memory["maxmemory"]
	var lost string
	switch {
	case bound == "" || policy == "":
		return []error{errors.New("INFO does not say whether it evicts sessions: maxmemory-policy has to be noeviction")}
	case bound == "0" || policy == "noeviction":
		return nil
	case strings.HasPrefix(policy, "volatile-"):
		lost = "sessions that end some time"
	default:
		lost = "any session"
	}
	return []error{fmt.Errorf("maxmemory-policy is %s: when its memory (%s bytes) is full, it drops %s without a word, and their users are signed out; "+
		"with noeviction it refuses new sessions instead", policy, bound, lost)}
}

// serverInfo returns a section of what a server tells of itself.
func serverInfo(ctx context.Context, c Client, section string) (map[string]string, error) {
	reply, err := c.Do(ctx, Command{Args: []string{"INFO", section}})
	if err != nil {
		return nil, fmt.Errorf("INFO: %w", err)
	}
	lines, ok := text(reply)
	if !ok {
		return nil, fmt.Errorf("INFO: the client returned a %T, which is no answer to it", reply)
	}
	all := map[string]string{}
	for line := range strings.Lines(lines) {
		if name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":"); ok {
			all[name] = value
		}
	}
	return all, nil
}
