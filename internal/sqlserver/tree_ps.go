//go:build unix && !linux

package sqlserver

import (
	"fmt"
	"os/exec"
	"strings"
)

// processes returns all that there are.
func processes() ([]member, error) {
	out, err := exec.Command("ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "stat=").Output()
	if err != nil {
		return nil, fmt.Errorf("ps: %w", err)
	}
	var all []member
	for line := range strings.Lines(string(out)) {
		var m member
		var state string
		if _, err := fmt.Sscan(line, &m.pid, &m.parent, &state); err != nil {
			return nil, fmt.Errorf("ps: got %q: %w", line, err)
		}
		m.state = state[0]
		all = append(all, m)
	}
	return all, nil
}
