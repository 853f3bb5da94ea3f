package redisserver

import (
	"errors"
	"os"
)

// Kill ends the server at once (SIGKILL), as a crash would, and returns when
// it is gone. Its files stay for Restart.
func (s *Server) Kill() error {
	p, _ := s.latest()
	if p == nil {
		return nil
	}
	return p.Kill()
}

// Stop ends the server for good, frozen or not, and removes its files. One
// that does not go within 5 s is killed.
func (s *Server) Stop() error {
	return errors.Join(s.end(), os.RemoveAll(s.dir))
}

// end asks the server to go, and returns when it is gone.
func (s *Server) end() error {
	p, frozen := s.latest()
	if p == nil {
		return nil
	}
	if frozen {
		s.Thaw() // what cannot be thawed is killed
	}
	return p.end()
}

// discard is Stop for many servers, which nobody will ask anything again: they
// are killed, since a master that is asked to go would wait for its replicas.
func discard(servers []*Server) error {
	return each(servers, func(s *Server) error { return errors.Join(s.Kill(), os.RemoveAll(s.dir)) })
}

// Restart starts the server again, on the same port and with the same files,
// and returns when it answers. One that still runs is asked to go first.
func (s *Server) Restart() error {
	if err := s.end(); err != nil {
		return err
	}
	return s.run()
}

// Freeze halts the server (SIGSTOP): its connections stay open, and are
// answered no more. It returns when it stands still.
func (s *Server) Freeze() error { return s.halt(true) }

// Thaw lets a frozen server go on, with all that was sent to it meanwhile.
func (s *Server) Thaw() error { return s.halt(false) }

func (s *Server) halt(freeze bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return os.ErrProcessDone
	}
	if err := s.process.halt(freeze); err != nil {
		return err
	}
	s.frozen = freeze
	return nil
}
