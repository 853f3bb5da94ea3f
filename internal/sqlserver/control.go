package sqlserver

import (
	"errors"
	"os"
)

// Kill ends the server at once (SIGKILL), with all its processes, as a crash
// would, and returns when they are gone. Its files stay for Restart.
func (s *Server) Kill() error {
	return s.with(func(p *process) error { return p.Kill() })
}

// Stop ends the server for good, frozen or not, and removes its files. Nothing
// is written to them any more.
func (s *Server) Stop() error {
	err := s.with(func(p *process) error {
		err := p.Kill()
		if s.kind.litter != nil {
			s.kind.litter(s)
		}
		return err
	})
	return errors.Join(err, os.RemoveAll(s.dir))
}

// Restart starts the server again, on the same port and with the same files,
// and returns when it serves. One that still runs, frozen or not, is asked to
// go first, and closes all connections; after 10 s it is killed.
func (s *Server) Restart() error {
	return s.with(func(p *process) error {
		if err := p.end(s.kind.farewell); err != nil {
			return err
		}
		return s.run()
	})
}

// Freeze halts the server (SIGSTOP) with all its processes: its connections
// stay open, and are answered no more. It returns when everything stands still.
func (s *Server) Freeze() error {
	return s.with(func(p *process) error { return p.freeze() })
}

// Thaw lets a frozen server go on, with all that was sent to it meanwhile.
func (s *Server) Thaw() error {
	return s.with(func(p *process) error { return p.thaw() })
}

// with calls f with the latest process, if there is one, and never twice at the
// same time.
func (s *Server) with(f func(p *process) error) error {
	s.control.Lock()
	defer s.control.Unlock()
	if p := s.latest(); p != nil {
		return f(p)
	}
	return nil
}
