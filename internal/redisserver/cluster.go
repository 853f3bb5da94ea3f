package redisserver

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Cluster is a Redis Cluster. Its methods ask the nodes that run, and may be
// called from any number of goroutines at once.
type Cluster struct {
	nodes    []*Server
	password string
}

// StartCluster starts a cluster of so many masters (Redis wants three), each
// with so many replicas, and returns when all of it answers and the replicas
// are connected. A node counts as lost after 1.5 s; config, lines of redis.conf
// for every node, can change that with "cluster-node-timeout 5000", say.
func StartCluster(masters, replicasEach int, config ...string) (*Cluster, error) {
	lines := append(slices.Clone(common),
		"cluster-enabled yes",
		"cluster-config-file nodes.conf",
		"cluster-node-timeout 1500",
		"cluster-replica-validity-factor 0", // a replica never thinks itself too old
		"cluster-migration-barrier 100",     // and never changes its master by itself
	)
	lines = append(lines, config...)
	c := &Cluster{password: setting(config, "requirepass")}
	if c.password != "" {
		lines = append(lines, "masterauth "+c.password)
	}
	var err error
	c.nodes, err = startAll(masters*(1+replicasEach), func(int) (*Server, error) { return start(false, lines) })
	if err != nil {
		return nil, err
	}
	if err := c.form(masters); err != nil {
		c.Stop()
		return nil, fmt.Errorf("redisserver: cluster: %w", err)
	}
	return c, nil
}

// form makes a cluster of the nodes: the first ones are its masters.
func (c *Cluster) form(masters int) error {
	for i, s := range c.nodes[:masters] {
		if err := serve(s, i*slots/masters, (i+1)*slots/masters); err != nil {
			return err
		}
	}
	for i, s := range c.nodes {
		// Epochs that differ from the start need not be agreed upon.
		if _, err := s.Do("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1)); err != nil {
			return err
		}
		if i == 0 {
			continue
		}
		if _, err := c.nodes[0].Do("CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(s.port)); err != nil {
			return err
		}
	}
	if err := await("the nodes to meet", func() error { return c.agree(false) }); err != nil {
		return err
	}
	for i, s := range c.nodes[masters:] {
		id, err := nodeID(c.nodes[i%masters])
		if err != nil {
			return err
		}
		if _, err := s.Do("CLUSTER", "REPLICATE", id); err != nil {
			return err
		}
	}
	return c.WaitReady()
}

// serve gives a node the slots from first to before end.
func serve(s *Server, first, end int) error {
	args := []string{"CLUSTER", "ADDSLOTS"}
	for slot := first; slot < end; slot++ {
		args = append(args, strconv.Itoa(slot))
	}
	_, err := s.Do(args...)
	return err
}

func nodeID(s *Server) (string, error) { return text(s.Do("CLUSTER", "MYID")) }

// text is a reply that has to be a string.
func text(reply any, err error) (string, error) {
	if err != nil {
		return "", err
	}
	s, ok := reply.(string)
	if !ok {
		return "", fmt.Errorf("got a reply of %T, want text", reply)
	}
	return s, nil
}

// Nodes returns all nodes, those that do not run, too. The first are those that
// began as masters.
func (c *Cluster) Nodes() []*Server { return slices.Clone(c.nodes) }

// Addrs returns the addresses of all nodes.
func (c *Cluster) Addrs() []string { return addrs(c.nodes) }

func addrs(servers []*Server) []string {
	var all []string
	for _, s := range servers {
		all = append(all, s.Addr())
	}
	return all
}

// Stop ends all nodes, frozen or not, and removes their files.
func (c *Cluster) Stop() error { return discard(c.nodes) }

// WaitReady waits until the nodes that run are a whole cluster again, in which
// all slots are served and all replicas connected, and until they agree about
// it, and about the other nodes having failed.
func (c *Cluster) WaitReady() error {
	return await("the cluster to be ready", func() error { return c.agree(true) })
}

// agree tells why the living nodes do not all see the same cluster, and, if
// wanted, why that cannot serve.
func (c *Cluster) agree(ready bool) error {
	var first string
	living := alive(c.nodes)
	for i, s := range living {
		v, err := c.view(s)
		if err != nil {
			return err
		}
		seen := v.String()
		if i == 0 {
			first = seen
		}
		switch {
		case len(v) != len(living):
			return fmt.Errorf("the node on port %d sees %d nodes of %d", s.port, len(v), len(living))
		case seen != first:
			return fmt.Errorf("the node on port %d sees\n%sand that on port %d\n%s", s.port, seen, living[0].port, first)
		case !ready:
			continue
		}
		if err := healthy(s); err != nil {
			return err
		}
	}
	return nil
}

func alive(servers []*Server) []*Server {
	return slices.DeleteFunc(slices.Clone(servers), func(s *Server) bool { return !s.alive() })
}

// healthy tells why a node of a cluster cannot serve.
func healthy(s *Server) error {
	info, err := text(s.Do("CLUSTER", "INFO"))
	if err != nil {
		return err
	}
	if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, "cluster_slots_ok:16384") {
		return fmt.Errorf("the node on port %d says\n%s", s.port, info)
	}
	return following(s)
}

// following tells why a replica does not follow its master, or a master has a
// replica that does not answer it yet: one that has just been sent everything
// counts as connected up to a second before it is told what comes next.
func following(s *Server) error {
	info, err := text(s.Do("INFO", "replication"))
	switch {
	case err != nil:
		return err
	case strings.Contains(info, "role:slave") && !strings.Contains(info, "master_link_status:up"):
		return fmt.Errorf("the replica on port %d says\n%s", s.port, info)
	case strings.Contains(info, "role:master") && silentReplica.MatchString(info):
		// It asks them for an answer, since there are not so many.
		_, err := s.Do("WAIT", "100", "20")
		return errors.Join(fmt.Errorf("the master on port %d says\n%s", s.port, info), err)
	}
	return nil
}

// silentReplica is a line of INFO about a replica that has never answered.
var silentReplica = regexp.MustCompile(`(?m)^slave\d+:.*(state=[^o]|offset=0,)`)

// Masters returns the nodes that run and say that they are masters.
func (c *Cluster) Masters() ([]*Server, error) { return mastersOf(c.nodes) }

func mastersOf(servers []*Server) (masters []*Server, err error) {
	for _, s := range alive(servers) {
		isMaster, e := isMaster(s)
		if err = errors.Join(err, e); isMaster {
			masters = append(masters, s)
		}
	}
	return masters, err
}

func isMaster(s *Server) (bool, error) {
	reply, err := s.Do("ROLE")
	if err != nil {
		return false, err
	}
	role, ok := reply.([]any)
	if !ok || len(role) == 0 {
		return false, fmt.Errorf("ROLE: got %v", reply)
	}
	return role[0] == "master", nil
}
