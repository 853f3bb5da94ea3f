package rueidis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/redis/rueidis"

	"github.com/sojourn-go/session/store/redisstore"
)

const slots = 16384

// cluster is a Redis Cluster.
type cluster struct{ *sender }

// Masters implements redisstore.Cluster.
func (c *cluster) Masters(ctx context.Context) ([]redisstore.Client, error) {
	nodes := c.client.Nodes()
	addrs, err := askForMasters(ctx, nodes)
	if err != nil {
		return nil, err
	}
	all := make([]redisstore.Client, 0, len(addrs))
	for addr := range addrs {
		node := nodes[addr]
		if node == nil {
			return nil, fmt.Errorf("rueidis: the client has not noticed yet that %s is a master of the cluster", addr)
		}
		all = append(all, &single{newSender(node, c.pipelines, 1)})
	}
	return all, nil
}

// askForMasters returns the addresses of the masters that any of the nodes
// knows. All are asked at once, so that one that is silent holds up nobody. The
// others are not called off: they may be making connections that other calls
// wait for.
func askForMasters(ctx context.Context, nodes map[string]rueidis.Client) (map[string]bool, error) {
	type view struct {
		masters map[string]bool
		err     error
	}
	views := make(chan view, len(nodes))
	for addr, node := range nodes {
		go func() {
			masters, err := mastersOf(node.Do(context.WithoutCancel(ctx), clusterSlots(node)), addr)
			views <- view{masters, err}
		}()
	}
	err := errors.New("rueidis: the client knows no node of the cluster")
	for range nodes {
		select {
		case v := <-views:
			if err = v.err; err == nil {
				return v.masters, nil
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, err
}

func clusterSlots(node rueidis.Client) rueidis.Completed {
	return node.B().Arbitrary("CLUSTER", "SLOTS").Build()
}

// mastersOf reads what the node at addr answered to CLUSTER SLOTS. It is an
// error if somebody's sessions are on none of the masters.
func mastersOf(r rueidis.RedisResult, addr string) (map[string]bool, error) {
	ranges, err := r.ToArray()
	if err != nil {
		return nil, fault(err)
	}
	masters, served := map[string]bool{}, int64(0)
	for _, m := range ranges {
		span, err := m.ToArray()
		if err != nil || len(span) < 3 {
			return nil, fmt.Errorf("rueidis: %s: this is no answer to CLUSTER SLOTS", addr)
		}
		from, _ := span[0].ToInt64()
		to, _ := span[1].ToInt64()
		master, err := endpoint(span[2], addr)
		if err != nil {
			return nil, err
		}
		masters[master] = true
		served += to - from + 1
	}
	if served < slots {
		return nil, fmt.Errorf("rueidis: %s: the cluster serves %d of its %d slots", addr, served, slots)
	}
	return masters, nil
}

// endpoint returns the address of a node as the one at addr has it, which leaves
// out a host that is its own.
func endpoint(m rueidis.RedisMessage, addr string) (string, error) {
	node, err := m.ToArray()
	if err != nil || len(node) < 2 {
		return "", fmt.Errorf("rueidis: %s: this is no answer to CLUSTER SLOTS", addr)
	}
	host, _ := node[0].ToString()
	port, err := node[1].ToInt64()
	if err != nil || host == "?" {
		return "", fmt.Errorf("rueidis: %s: the cluster does not know the address of a master", addr)
	}
	if host == "" {
		host, _, _ = net.SplitHostPort(addr)
	}
	return net.JoinHostPort(host, strconv.FormatInt(port, 10)), nil
}
