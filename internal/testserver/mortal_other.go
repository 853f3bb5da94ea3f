//go:build !linux

package testserver

import "os/exec"

// startMortal starts cmd, which outlives this process if nobody stops it.
func startMortal(cmd *exec.Cmd) error { return cmd.Start() }
