package sql

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// inMemory is the file system that is no disk.
const inMemory = "tmpfs"

// fileSystem returns the name of the file system of a folder.
func fileSystem(dir string) (string, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return "", err
	}
	switch s.Type {
	case unix.EXT4_SUPER_MAGIC:
		return "ext4", nil
	case unix.XFS_SUPER_MAGIC:
		return "xfs", nil
	case unix.BTRFS_SUPER_MAGIC:
		return "btrfs", nil
	case unix.OVERLAYFS_SUPER_MAGIC:
		return "overlayfs", nil
	case unix.TMPFS_MAGIC, unix.RAMFS_MAGIC:
		return inMemory, nil
	}
	return fmt.Sprintf("file system %#x", s.Type), nil
}

// A stat is what /proc says of a process.
type stat struct {
	pid, parent int
	buried      time.Duration // processor time of its children that have ended
}

// tick is the unit of times in /proc, which is the same on all that Go runs on.
const tick = 10 * time.Millisecond

func readStat(name string) (s stat, err error) {
	text, err := os.ReadFile("/proc/" + name + "/stat")
	if err != nil {
		return s, err
	}
	// The name before the state is in parentheses, and may hold some, too.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 15 {
		return s, fmt.Errorf("/proc/%s/stat: got %q", name, text)
	}
	number := func(i int) int {
		n, failed := strconv.Atoi(fields[i])
		if failed != nil {
			err = failed
		}
		return n
	}
	s.parent = number(1)
	s.buried = time.Duration(number(13)+number(14)) * tick
	s.pid, _ = strconv.Atoi(name)
	return s, err
}

// familyCPU returns the processor time of a process, of all that come from it,
// and of those of them that have ended. That of the living is the kernel's own
// count, in nanoseconds; /proc tells it in hundredths of a second.
func familyCPU(pid int) (total time.Duration, err error) {
	dirs, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	var all []stat
	for _, dir := range dirs {
		if _, err := strconv.Atoi(dir.Name()); err != nil {
			continue
		}
		if s, err := readStat(dir.Name()); err == nil { // else it has ended
			all = append(all, s)
		}
	}
	family := map[int]bool{pid: true}
	for grown := true; grown; {
		grown = false
		for _, s := range all {
			if family[s.parent] && !family[s.pid] {
				family[s.pid], grown = true, true
			}
		}
	}
	for _, s := range all {
		if !family[s.pid] {
			continue
		}
		var used unix.Timespec
		const ofProcess = 2 // CPUCLOCK_SCHED of a whole process
		if err := unix.ClockGettime(int32(^s.pid)<<3|ofProcess, &used); err != nil {
			if s.pid == pid {
				return 0, fmt.Errorf("the processor time of process %d: %w", pid, err)
			}
			continue // it has ended since
		}
		total += time.Duration(used.Nano()) + s.buried
	}
	return total, nil
}
