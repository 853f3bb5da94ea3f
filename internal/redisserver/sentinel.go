package redisserver

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Sentinels are a master with two replicas, and three sentinels, two of which
// may decide that the master is down. Its methods may be called from any number
// of goroutines at once.
type Sentinels struct {
	servers, sentinels []*Server
}

const masterName = "sojourn"

// StartSentinel starts them, and returns when the replicas are connected, and
// the sentinels know all the others. A master counts as down after 1 s. Each of
// config is a line of redis.conf for the servers, or, if its first word is
// "sentinel", of that of the sentinels. With "sentinel sentinel-pass secret"
// they want that password of their clients, too.
func StartSentinel(config ...string) (*Sentinels, error) {
	own := slices.DeleteFunc(slices.Clone(config), func(line string) bool { return !isSentinels(line) })
	config = append(slices.Clone(common), slices.DeleteFunc(slices.Clone(config), isSentinels)...)
	if password := setting(config, "requirepass"); password != "" {
		config = append(config, "masterauth "+password)
		own = append(own, "sentinel auth-pass "+masterName+" "+password)
	}
	s := &Sentinels{}
	err := s.startServers(config)
	if err == nil {
		err = s.startSentinels(own)
	}
	if err == nil {
		err = s.WaitReady()
	}
	if err != nil {
		s.Stop()
		return nil, fmt.Errorf("redisserver: sentinel: %w", err)
	}
	return s, nil
}

func isSentinels(line string) bool { return strings.HasPrefix(line, "sentinel ") }

func (s *Sentinels) startServers(config []string) (err error) {
	master, err := start(false, config)
	if err != nil {
		return err
	}
	replicas, err := startAll(2, func(int) (*Server, error) {
		return start(false, append(slices.Clone(config), fmt.Sprintf("replicaof 127.0.0.1 %d", master.port)))
	})
	s.servers = append([]*Server{master}, replicas...)
	if err != nil {
		return err
	}
	// A sentinel asks its master for replicas as it starts, and then every 10 s.
	return await("the replicas to connect", func() error {
		info, err := text(master.Do("INFO", "replication"))
		if err == nil && strings.Count(info, "state=online") < len(replicas) {
			err = fmt.Errorf("the master says\n%s", info)
		}
		return errors.Join(err, each(replicas, following))
	})
}

func (s *Sentinels) startSentinels(own []string) (err error) {
	lines := []string{
		"bind 127.0.0.1",
		"protected-mode no",
		fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d 2", masterName, s.servers[0].port),
		"sentinel down-after-milliseconds " + masterName + " 1000",
		"sentinel failover-timeout " + masterName + " 3000",
		"sentinel parallel-syncs " + masterName + " 2",
	}
	for _, line := range own {
		if words := strings.Fields(line); len(words) == 3 && words[1] == "sentinel-pass" {
			lines = append(lines, "requirepass "+words[2])
		}
	}
	lines = append(lines, own...)
	s.sentinels, err = startAll(3, func(int) (*Server, error) { return start(true, lines) })
	return err
}

// hurry has a sentinel look around more often than every 10 s, and tell the
// others more often than every 2 s what it saw. A server that does not know
// these settings (they came with Redis 7) takes its time.
func hurry(sentinel *Server) {
	_, _ = sentinel.Do("SENTINEL", "DEBUG", "INFO-PERIOD", "500", "PUBLISH-PERIOD", "500", "PING-PERIOD", "250")
}

// MasterName returns the name that the sentinels know the master by.
func (s *Sentinels) MasterName() string { return masterName }

// Addrs returns the addresses of the sentinels.
func (s *Sentinels) Addrs() []string { return addrs(s.sentinels) }

// Sentinels returns the sentinels.
func (s *Sentinels) Sentinels() []*Server { return slices.Clone(s.sentinels) }

// Servers returns the master and the replicas. The first began as the master.
func (s *Sentinels) Servers() []*Server { return slices.Clone(s.servers) }

// Stop ends all of them, frozen or not, and removes their files.
func (s *Sentinels) Stop() error { return discard(slices.Concat(s.sentinels, s.servers)) }

// Master returns the current master, as the first sentinel that runs says.
func (s *Sentinels) Master() (*Server, error) {
	for _, sentinel := range alive(s.sentinels) {
		return s.masterBy(sentinel)
	}
	return nil, errors.New("redisserver: no sentinel runs")
}

func (s *Sentinels) masterBy(sentinel *Server) (*Server, error) {
	reply, err := sentinel.Do("SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName)
	if err != nil {
		return nil, err
	}
	if pair, ok := reply.([]any); ok && len(pair) == 2 {
		for _, server := range s.servers {
			if strconv.Itoa(server.port) == pair[1] {
				return server, nil
			}
		}
	}
	return nil, fmt.Errorf("redisserver: the sentinel on port %d says that the master is %v", sentinel.port, reply)
}

// Failover has the sentinels make a replica the master, and returns when all of
// them and the servers agree about it.
func (s *Sentinels) Failover() error {
	former, err := s.Master()
	if err != nil {
		return err
	}
	err = await("a failover to begin", func() error {
		sentinel := alive(s.sentinels)[0] // one is alive, since it named the master
		_, err := sentinel.Do("SENTINEL", "FAILOVER", masterName)
		if refused, ok := errors.AsType[Error](err); ok && strings.HasPrefix(string(refused), "INPROG") {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return await("another master", func() error {
		master, err := s.Master()
		if err != nil {
			return err
		}
		if master == former {
			return fmt.Errorf("it is still that on port %d", former.port)
		}
		return s.settled()
	})
}

// WaitReady waits until all sentinels and servers that run agree about who the
// master is, the replicas are connected to it, and each sentinel knows enough
// of the others to decide about the next.
func (s *Sentinels) WaitReady() error {
	return await("the sentinels to agree", s.settled)
}

func (s *Sentinels) settled() error {
	master, err := s.Master()
	if err != nil {
		return err
	}
	masters, err := mastersOf(s.servers)
	if err != nil {
		return err
	}
	if len(masters) != 1 || masters[0] != master {
		return fmt.Errorf("the master is on port %d, but there are %v", master.port, addrs(masters))
	}
	living := alive(s.servers)
	if err := each(living, following); err != nil {
		return err
	}
	return each(alive(s.sentinels), func(sentinel *Server) error { return s.knows(sentinel, master, len(living)-1) })
}

// knows tells what a sentinel does not know yet.
func (s *Sentinels) knows(sentinel, master *Server, replicas int) error {
	named, err := s.masterBy(sentinel)
	if err != nil {
		return err
	}
	if named != master {
		return fmt.Errorf("the sentinel on port %d says that the master is on port %d", sentinel.port, named.port)
	}
	if quorum, err := text(sentinel.Do("SENTINEL", "CKQUORUM", masterName)); err != nil {
		return err
	} else if want := fmt.Sprintf("OK %d usable", len(alive(s.sentinels))); !strings.HasPrefix(quorum, want) {
		return fmt.Errorf("the sentinel on port %d says %q, want %q", sentinel.port, quorum, want)
	}
	reply, err := sentinel.Do("SENTINEL", "REPLICAS", masterName)
	if err != nil {
		return err
	}
	if found := up(reply); found < replicas {
		return fmt.Errorf("the sentinel on port %d knows %d replicas that are up, want %d", sentinel.port, found, replicas)
	}
	return nil
}

// up counts the replicas that a sentinel finds fit.
func up(reply any) (n int) {
	replicas, _ := reply.([]any)
	for _, replica := range replicas {
		fields, _ := replica.([]any)
		values := map[any]any{}
		for i := 0; i+1 < len(fields); i += 2 {
			values[fields[i]] = fields[i+1]
		}
		if values["flags"] == "slave" && values["master-link-status"] == "ok" {
			n++
		}
	}
	return n
}
