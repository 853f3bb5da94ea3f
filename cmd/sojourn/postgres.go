package main

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// postgresVariable is the environment variable that may hold the address of
// PostgreSQL.
const postgresVariable = "SOJOURN_POSTGRES"

const postgresExample = "postgres://USER:PASSWORD@127.0.0.1:5432/DATABASE"

func inPostgres() kind {
	return kind{
		usage: "postgres://HOST/DATABASE",
		help:  "in PostgreSQL, as postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=... (postgresql:// is the same)",
		where: "All of it is kept in PostgreSQL, and is there again when this program starts anew.",
		takes: isAddress("postgres", "postgres", "postgresql"),
		open: func(d *demoFlags, o opening) (kept, error) {
			c, at, err := d.postgres()
			return o.keep(place{name: "PostgreSQL", at: at, open: func() (store.Store, func() error, error) {
				return openSQL(stdlib.OpenDB(*c), sqlstore.Postgres, sqlstore.Options{})
			}}, err)
		},
	}
}

// postgres returns how to connect, and the address as it may be shown.
func (d *demoFlags) postgres() (*pgx.ConnConfig, string, error) {
	raw, from, err := d.address("postgres", postgresVariable, postgresExample)
	if err != nil {
		return nil, "", err
	}
	if scheme, _, ok := strings.Cut(raw, "://"); !ok || !inPostgres().takes(scheme+"://") {
		return nil, "", fmt.Errorf("%s: it is no address such as %s", from, postgresExample)
	}
	scheme, rest, _ := strings.Cut(raw, "://")
	c, err := pgx.ParseConfig(strings.ToLower(scheme) + "://" + rest)
	if err != nil {
		return nil, "", fmt.Errorf("%s: it is no address such as %s: %s (@, /, : and %% in a password are written %%40, %%2F, %%3A and %%25)", from, postgresExample, postgresFault(err))
	}
	if err := strayAt(raw, from); err != nil {
		return nil, "", err
	}
	at := url.URL{
		Scheme: "postgres", User: url.User(c.User),
		Host: net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))), Path: "/" + c.Database,
	}
	return c, at.String(), nil
}

// postgresFault is what pgx finds wrong with an address, without any part of it:
// the password may be anywhere in one that cannot be read.
func postgresFault(err error) string {
	text := err.Error()
	text = text[strings.LastIndex(text, "`: ")+len("`: "):]
	text, _, _ = strings.Cut(text, " (")
	text, _, _ = strings.Cut(text, ":")
	return text
}
