package sqlserver

import (
	"crypto/rand"
	"net/url"
)

// A login is a user with all rights, and a database.
type login struct{ user, password, database string }

func newLogin(user, database string) login { return login{user, rand.Text(), database} }

// User returns the name of a user with all rights.
func (s *Server) User() string { return s.login.user }

// Password returns that user's password. It is letters and digits.
func (s *Server) Password() string { return s.login.password }

// Database returns the name of an empty database.
func (s *Server) Database() string { return s.login.database }

// URL returns postgres://user:password@host:port/database?sslmode=disable, or
// mysql://user:password@host:port/database.
func (s *Server) URL() string { return s.URLAt(s.Addr()) }

// URLAt returns the URL with another address, such as that of a Proxy.
func (s *Server) URLAt(addr string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(s.login.user, s.login.password),
		Host: addr, Path: "/" + s.login.database, RawQuery: "sslmode=disable",
	}
	if s.kind.isMySQL {
		u.Scheme, u.RawQuery = "mysql", ""
	}
	return u.String()
}

// DSN returns what drivers take: of PostgreSQL that is the URL, of MariaDB it is
// user:password@tcp(host:port)/database.
func (s *Server) DSN() string { return s.DSNAt(s.Addr()) }

// DSNAt returns the DSN with another address, such as that of a Proxy.
func (s *Server) DSNAt(addr string) string {
	if !s.kind.isMySQL {
		return s.URLAt(addr)
	}
	return s.login.user + ":" + s.login.password + "@tcp(" + addr + ")/" + s.login.database
}
