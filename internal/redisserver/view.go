package redisserver

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A seen is a node as another sees it.
type seen struct {
	id     string
	port   int
	master string // the id of a replica's master, "-" of a master
	slots  []string
}

// A view is what a node sees of a cluster, without the nodes that it has given
// up, in the order of their ids.
type view []seen

func (v view) String() string {
	var b strings.Builder
	for _, n := range v {
		fmt.Fprintf(&b, "%s on port %d, replica of %s, serves %v\n", n.id, n.port, n.master, n.slots)
	}
	return b.String()
}

// view asks a node. While it is not sure about another, that is an error.
func (c *Cluster) view(s *Server) (view, error) {
	answer, err := text(s.Do("CLUSTER", "NODES"))
	if err != nil {
		return nil, err
	}
	var v view
	for line := range strings.Lines(answer) {
		// id host:port@bus,hostname flags master ping pong epoch link slots...
		words := strings.Fields(line)
		if len(words) < 8 {
			return nil, fmt.Errorf("CLUSTER NODES: got %q", line)
		}
		flags := strings.Split(words[2], ",")
		if slices.Contains(flags, "fail") {
			continue
		}
		if slices.Contains(flags, "fail?") || slices.Contains(flags, "handshake") || slices.Contains(flags, "noaddr") {
			return nil, fmt.Errorf("the node on port %d is not sure about %q", s.port, line)
		}
		host, _, _ := strings.Cut(words[1], "@")
		port, err := strconv.Atoi(host[strings.LastIndexByte(host, ':')+1:])
		if err != nil {
			return nil, fmt.Errorf("CLUSTER NODES: got %q", line)
		}
		v = append(v, seen{words[0], port, words[3], movesLeftOut(words[8:])})
	}
	slices.SortFunc(v, func(a, b seen) int { return strings.Compare(a.id, b.id) })
	return v, nil
}

// movesLeftOut leaves out the slots on the move, such as [93-<-id]: only the
// two nodes concerned know of them.
func movesLeftOut(ranges []string) []string {
	return slices.DeleteFunc(ranges, func(r string) bool { return strings.HasPrefix(r, "[") })
}

// serves tells whether the node serves the slot.
func (n seen) serves(slot int) bool {
	return slices.ContainsFunc(n.slots, func(r string) bool {
		first, last, isRange := strings.Cut(r, "-")
		if !isRange {
			last = first
		}
		from, _ := strconv.Atoi(first)
		to, _ := strconv.Atoi(last)
		return from <= slot && slot <= to
	})
}

// anyView returns the view of the first node that has a sure one.
func (c *Cluster) anyView() (view, error) {
	err := fmt.Errorf("redisserver: no node of the cluster runs")
	for _, s := range alive(c.nodes) {
		var v view
		if v, err = c.view(s); err == nil {
			return v, nil
		}
	}
	return nil, err
}

func (c *Cluster) byPort(port int) *Server {
	for _, s := range c.nodes {
		if s.port == port {
			return s
		}
	}
	return nil
}

// Master returns the node that serves the slot, as far as the cluster knows
// already: right after a failure that is one which does not run.
func (c *Cluster) Master(slot int) (*Server, error) {
	v, err := c.anyView()
	if err != nil {
		return nil, err
	}
	for _, n := range v {
		if s := c.byPort(n.port); s != nil && n.serves(slot) {
			return s, nil
		}
	}
	return nil, fmt.Errorf("redisserver: no node serves slot %d", slot)
}

// ReplicasOf returns the replicas of a master, without those that the cluster
// has given up.
func (c *Cluster) ReplicasOf(master *Server) (replicas []*Server, err error) {
	v, err := c.anyView()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(v, func(n seen) bool { return n.port == master.port })
	if i < 0 {
		return nil, fmt.Errorf("redisserver: the cluster does not know the node on port %d", master.port)
	}
	for _, n := range v {
		if s := c.byPort(n.port); s != nil && n.master == v[i].id {
			replicas = append(replicas, s)
		}
	}
	return replicas, nil
}
