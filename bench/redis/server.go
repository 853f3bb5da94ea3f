package redis

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sojourn-go/session/internal/redisserver"
)

// A server is a Redis server with nothing in it, that keeps nothing on disk.
type server struct{ *redisserver.Server }

func start() (server, error) {
	s, err := redisserver.Start()
	return server{s}, err
}

// info returns a section of INFO by its names.
func (s server) info(section string) (map[string]string, error) {
	answer, err := s.Do("INFO", section)
	if err != nil {
		return nil, err
	}
	text, ok := answer.(string)
	if !ok {
		return nil, fmt.Errorf("INFO %s: got %v", section, answer)
	}
	all := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			all[name] = value
		}
	}
	return all, nil
}

// cpu returns the processor time that the server has used. It asks the server
// for it, who tells it in microseconds; in /proc it stands in hundredths of a
// second.
func (s server) cpu() (time.Duration, error) {
	all, err := s.info("cpu")
	if err != nil {
		return 0, err
	}
	user, errUser := strconv.ParseFloat(all["used_cpu_user"], 64)
	system, errSystem := strconv.ParseFloat(all["used_cpu_sys"], 64)
	if errUser != nil || errSystem != nil {
		return 0, fmt.Errorf("INFO cpu: got %v", all)
	}
	return time.Duration((user + system) * float64(time.Second)), nil
}

// calls returns how often the server was told to do what, by clients and by
// scripts.
func (s server) calls() (map[string]int64, error) {
	all, err := s.info("commandstats")
	if err != nil {
		return nil, err
	}
	calls := map[string]int64{}
	for name, text := range all {
		text, _, _ = strings.Cut(strings.TrimPrefix(text, "calls="), ",")
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("INFO commandstats: %s: %w", name, err)
		}
		calls[strings.TrimPrefix(name, "cmdstat_")] = n
	}
	return calls, nil
}

// memory returns the bytes that the server has allocated.
func (s server) memory() (int64, error) {
	all, err := s.info("memory")
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(all["used_memory"], 10, 64)
}

func (s server) version() (string, error) {
	all, err := s.info("server")
	if v := all["valkey_version"]; v != "" {
		return "valkey-server " + v, err
	}
	return "redis-server " + all["redis_version"], err
}
