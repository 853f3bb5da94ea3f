package redis

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
)

// A meter stands before a server, and counts what clients send to it: the
// commands, and how often a connection that had been answered sends again.
type meter struct {
	listener net.Listener
	server   string

	mu       sync.Mutex
	commands []string
	trips    int
	broken   error
	open     []net.Conn
}

func newMeter(server string) (*meter, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &meter{listener: l, server: server}
	go m.accept()
	return m, nil
}

func (m *meter) addr() string { return m.listener.Addr().String() }

func (m *meter) close() {
	m.listener.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.open {
		c.Close()
	}
}

// reset returns what was counted, and begins anew.
func (m *meter) reset() (trips int, commands []string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	trips, commands, err = m.trips, m.commands, m.broken
	m.trips, m.commands = 0, nil
	return trips, commands, err
}

func (m *meter) accept() {
	for {
		client, err := m.listener.Accept()
		if err != nil {
			return // it was closed
		}
		server, err := net.Dial("tcp", m.server)
		if err != nil {
			client.Close()
			continue
		}
		m.mu.Lock()
		m.open = append(m.open, client, server)
		m.mu.Unlock()
		w := &wire{meter: m, answered: true}
		go w.answers(client, server)
		go w.commands(server, client)
	}
}

// A wire is one connection of a client.
type wire struct {
	*meter
	answered bool // under the meter's lock
}

// answers passes on what the server says, and commands what the client says.
func (w *wire) answers(client, server net.Conn) {
	defer client.Close()
	piece := make([]byte, 64<<10)
	for {
		n, err := server.Read(piece)
		w.mu.Lock()
		w.answered = w.answered || n > 0
		w.mu.Unlock()
		if _, failed := client.Write(piece[:n]); err != nil || failed != nil {
			return
		}
	}
}

func (w *wire) commands(server, client net.Conn) {
	defer server.Close()
	for r := bufio.NewReader(client); ; {
		// What came together goes on together: several commands are one trip.
		raw, names, err := batch(r)
		w.mu.Lock()
		w.meter.commands = append(w.meter.commands, names...)
		if w.answered && len(names) > 0 {
			w.trips++
			w.answered = false
		}
		if _, closed := errors.AsType[*net.OpError](err); err != nil && err != io.EOF && !closed {
			w.broken = err
		}
		w.mu.Unlock()
		if _, failed := server.Write(raw); err != nil || failed != nil {
			return
		}
	}
}

// batch reads the commands that are there, one at the least, and returns them
// as they came, and their names.
func batch(r *bufio.Reader) (raw []byte, names []string, err error) {
	for len(names) == 0 || r.Buffered() > 0 {
		var name string
		if raw, name, err = command(r, raw); err != nil {
			return raw, names, err
		}
		names = append(names, name)
	}
	return raw, names, nil
}

// command reads a command, appends it to raw, and returns its name.
func command(r *bufio.Reader, raw []byte) (all []byte, name string, err error) {
	raw, words, err := length(r, raw, '*')
	for i := 0; i < words && err == nil; i++ {
		var n int
		if raw, n, err = length(r, raw, '$'); err != nil {
			break
		}
		start := len(raw)
		raw = append(raw, make([]byte, n+len("\r\n"))...)
		_, err = io.ReadFull(r, raw[start:])
		if i == 0 {
			name = strings.ToUpper(string(raw[start : start+n]))
		}
	}
	return raw, name, err
}

// length reads the line before an array or a text, which says how long it is.
func length(r *bufio.Reader, raw []byte, kind byte) ([]byte, int, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return raw, 0, err
	}
	if line[0] != kind {
		return raw, 0, fmt.Errorf("a client sent %q, where %q was expected", line, kind)
	}
	n, err := strconv.Atoi(strings.TrimSpace(line[1:]))
	return append(raw, line...), n, err
}
