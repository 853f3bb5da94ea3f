package redisserver

import (
	"net"
	"time"
)

// Do sends a command over a connection of its own, and returns the answer: nil,
// a string, an int64 or []any of these. A refusal is an error of type Error,
// also within an array. Do gives up after 10 s; it never tries twice.
func (s *Server) Do(args ...string) (any, error) {
	conn, err := net.DialTimeout("tcp", s.Addr(), 10*time.Second)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return nil, err
	}
	d := newDecoder(conn)
	if s.password != "" {
		if _, err := exchange(conn, d, "AUTH", s.password); err != nil {
			return nil, err
		}
	}
	return exchange(conn, d, args...)
}

func exchange(conn net.Conn, d *decoder, args ...string) (any, error) {
	if _, err := conn.Write(encode(args...)); err != nil {
		return nil, err
	}
	f, err := d.next()
	if err != nil {
		return nil, err
	}
	if refused, ok := f.value.(Error); ok {
		return nil, refused
	}
	return f.value, nil
}
