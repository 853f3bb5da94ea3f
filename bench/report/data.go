// Package report turns measurements into the tables, the chart and the
// verdicts that people read.
package report

import (
	"bufio"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/sojourn-go/session/bench/alone"
	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/bench/redis"
	"github.com/sojourn-go/session/bench/sql"
	"github.com/sojourn-go/session/bench/trips"
)

// Data is all that one run of the benchmarks found.
type Data struct {
	Date    string
	Command string
	Machine Machine
	Go      string
	Modules map[string]string // path to version

	Measured map[string]string // when, by part

	Requests []measure.Result // by workload
	Wire     []measure.Result // CPU time of the server
	Alone    []measure.Result // sealing and record
	Texts    alone.Texts
	Trips    []trips.Row
	Touches  int64
	Scale    Scale
	Redis    redis.Figures
	SQL      sql.Figures
	SQLScale sql.Scale
}

// A Machine is what the figures depend on most.
type Machine struct {
	CPU    string
	Cores  int
	Memory string
	System string
}

// Here returns Data with everything but figures.
func Here(command string) Data {
	d := Data{
		Date:     time.Now().UTC().Format(time.DateOnly),
		Command:  command,
		Go:       runtime.Version(),
		Modules:  map[string]string{},
		Measured: map[string]string{},
		Machine: Machine{
			CPU:    procField("/proc/cpuinfo", "model name"),
			Cores:  runtime.NumCPU(),
			Memory: memory(),
			System: runtime.GOOS + "/" + runtime.GOARCH,
		},
	}
	info, _ := debug.ReadBuildInfo()
	for _, m := range info.Deps {
		d.Modules[m.Path] = m.Version
	}
	return d
}

// procField returns the first value of that name in a file of /proc.
func procField(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		if strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func memory() string {
	kb, err := strconv.Atoi(strings.TrimSuffix(procField("/proc/meminfo", "MemTotal"), " kB"))
	if err != nil {
		return "unknown memory"
	}
	return strconv.Itoa((kb+1<<19)>>20) + " GiB"
}
