package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sojourn-go/session/bench/crowd"
	"github.com/sojourn-go/session/bench/redis"
)

// redis prints what became of sessions in a server.
func (d *Data) redis(p *page) {
	if len(d.Redis.Cells) == 0 {
		return
	}
	p.add("\n## Sessions in Redis\n")
	p.add(`The whole middleware on %s, which this measurement started and which saves nothing to disk. Clients and server share %d
cores, and what is given as CPU time is that of both together: of this process by getrusage, of the server by its INFO. %d sessions of
each subject with three values are visited at random, by so many goroutines without a pause that the time of a request is mostly
waiting for a turn. Subjects take turns: %s. Given are medians of rounds. Each answer is checked. Clients that use
a connection for each request have 64 of them, gorilla's as many as it wants. What the kernel does for the loopback in interrupts is
charged to nobody, and so is not in it.`, d.Redis.Server, d.Machine.Cores, d.Redis.Sessions, d.Redis.Blocks)
	d.redisRatios(p)
	d.redisTimes(p)
	d.redisCommands(p)
	d.redisMemory(p)
	d.redisSubjects(p)
}

// redisLevels returns the levels at which a workload was measured.
func (d *Data) redisLevels(workload string) (levels []int) {
	for _, c := range d.Redis.Cells {
		if c.Workload == workload && !slices.Contains(levels, c.Level) {
			levels = append(levels, c.Level)
		}
	}
	slices.Sort(levels)
	return levels
}

// redisGrid prints a table of subjects by levels for each workload.
func (d *Data) redisGrid(p *page, cell func(crowd.Cell) string) {
	for _, w := range redis.Workloads() {
		levels := d.redisLevels(w.Name)
		if len(levels) == 0 {
			continue
		}
		head := []string{w.Name}
		for _, level := range levels {
			head = append(head, fmt.Sprintf("%d at once", level))
		}
		p.add("")
		p.head(head...)
		for _, s := range redis.Subjects() {
			row, any := []string{s.Name}, false
			for _, level := range levels {
				text := ""
				if c, ok := d.Redis.Cells.Find(w.Name, s.Name, level); ok {
					text, any = cell(c), true
				}
				row = append(row, text)
			}
			if any {
				p.row(row...)
			}
		}
	}
}

// redisRatios prints CPU time as a multiple of ours.
func (d *Data) redisRatios(p *page) {
	p.add("")
	for _, w := range redis.Workloads() {
		p.add("- %s: %s", w.Name, w.Title)
	}
	p.add("\nCPU time of client and server for a request, as a multiple of ours over rueidis without a cache:")
	d.redisGrid(p, func(c crowd.Cell) string {
		ours, ok := d.Redis.Cells.Find(c.Workload, redis.Rueidis, c.Level)
		if !ok {
			return "–"
		}
		return fmt.Sprintf("%.2gx", c.Result(crowd.CPU).Over(ours.Result(crowd.CPU)).Median)
	})
}

// redisTimes prints all the rest of the cells.
func (d *Data) redisTimes(p *page) {
	p.add("\n<details><summary>Requests a second · p50 / p99 · CPU of client + server · allocations, on this machine</summary>")
	d.redisGrid(p, inFull)
	p.add("\n</details>")
	if c, ok := d.Redis.Cells.Find(redis.Mix, redis.Near, redis.Demanded); ok {
		p.add("\nOf the requests of the mixture with cached reads, %.0f %% sent a GET: those that change a session, those that came after such a\n"+
			"change, and those whose answer had become too old. %d reads were looked at for the newest write that this process had\nfinished before, and %d did not find it.",
			100*c.Result(func(b crowd.Block) float64 { return b.Gets }).Median(), d.Redis.Reads, d.Redis.Stale)
	}
}

func (d *Data) redisCommands(p *page) {
	p.add("\nWhat one request sends, and how often it waits for an answer. \"Idle\" is scs with an end by inactivity:\n")
	p.head(append([]string{""}, redis.Requests...)...)
	var names []string
	for _, t := range d.Redis.Trips {
		if !slices.Contains(names, t.Subject) {
			names = append(names, t.Subject)
		}
	}
	for _, name := range names {
		row := []string{name}
		for _, request := range redis.Requests {
			text := ""
			if t, ok := d.trip(request, name); ok {
				text = sent(t)
			}
			row = append(row, text)
		}
		p.row(row...)
	}
}

func (d *Data) redisMemory(p *page) {
	if len(d.Redis.Stored) > 0 {
		p.add("\nMemory of the server (used_memory) for sessions of three values, a number, a name and a flag, with an end:\n")
		p.head("", "sessions", "key", "value", "memory, a session", "sessions a GB")
		for _, s := range d.Redis.Stored {
			p.row(s.Subject, inMillions(s.Sessions), fmt.Sprintf("%d B", s.Key), fmt.Sprintf("%d B", s.Value),
				fmt.Sprintf("%.0f B", s.Memory), inMillionsAbout(1e9/s.Memory))
		}
	}
	if len(d.Redis.Cached) > 0 {
		p.add("\nMemory of a client (heap) for cached sessions:\n")
		p.head("", "sessions", "record", "heap, a session")
		for _, c := range d.Redis.Cached {
			p.row(c.Cache, fmt.Sprint(c.Sessions), fmt.Sprintf("%d B", c.Data), fmt.Sprintf("%.0f B", c.Heap))
		}
	}
}

func inMillionsAbout(n float64) string { return fmt.Sprintf("%.1f million", n/1e6) }

func (d *Data) redisSubjects(p *page) {
	p.add("")
	p.head("name", "what", "modules")
	for _, s := range redis.Subjects() {
		p.row(s.Name, s.Title, strings.Join(d.versions(s.Modules), ", "))
	}
}
