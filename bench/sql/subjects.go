package sql

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/bench/peers"
	"github.com/sojourn-go/session/store"
)

// A Subject is a library over a database, as its documentation has it.
type Subject struct {
	Engine  string
	Name    string
	Title   string
	Modules []string

	own   bool // ours
	trips bool // only its round trips are counted
	high  bool // measured at the demanded level only
	bare  bool // a store without its library

	// open opens the subject. With an address, that is where the server is
	// reached.
	open func(h *host, addr, name string) (*house, error)
}

// A house is a subject that was opened, in a schema or a file of its own.
type house struct {
	still, idle peers.Site       // without, and with an end by inactivity
	manager     *session.Manager // if it is one of ours
	store       store.Store      // the same
	saves       *atomic.Int64    // how many that was asked for
	db          *sql.DB          // that it is in, unless that is bbolt
	table       string
	close       func()
}

// The names of the subjects that figures are compared with.
const (
	Pgx      = "sojourn-pgx"
	PQ       = "sojourn-pq"
	Pgxpool  = "sojourn-pgxpool"
	SCSPgx   = "scs-pgx"
	SCSPQ    = "scs-pq"
	MySQL    = "sojourn-mysql"
	SCSMySQL = "scs-mysql"
	Lite     = "sojourn-sqlite"
	SCSLite  = "scs-sqlite"
	BoltOwn  = "sojourn-bolt"
	SCSBolt  = "scs-bolt"

	BoltStore    = BoltOwn + alone // without the library
	SCSBoltStore = SCSBolt + alone

	unlogged     = "-unlogged"
	interpolated = "-interpolated"
	single       = "-1"
	alone        = "-store"
)

const (
	ownPath = "github.com/sojourn-go/session"
	scsPath = "github.com/alexedwards/scs/"
)

// Subjects returns all of them, of each engine ours first.
func Subjects() []Subject {
	const pgx, pq, driver = "github.com/jackc/pgx/v5", "github.com/lib/pq", "github.com/go-sql-driver/mysql"
	const lite, bbolt = "modernc.org/sqlite", "go.etcd.io/bbolt"
	own := func(modules ...string) []string { return append([]string{ownPath}, modules...) }
	peer := func(store string, modules ...string) []string {
		return append([]string{scsPath + "v2", scsPath + store}, modules...)
	}
	return []Subject{
		{Engine: PostgreSQL, Name: Pgx, Title: "sojourn, sqlstore over pgx", Modules: own(pgx), own: true, open: ownPostgres("pgx", "")},
		{Engine: PostgreSQL, Name: Pgxpool, Title: "sojourn, sqlstore over a pgxpool", Modules: own(pgx), own: true, trips: true, open: ownPgxpool},
		{Engine: PostgreSQL, Name: PQ, Title: "sojourn, sqlstore over lib/pq", Modules: own(pq), own: true, open: ownPostgres("postgres", "")},
		{Engine: PostgreSQL, Name: SCSPgx, Title: "scs, pgxstore", Modules: peer("pgxstore", pgx), open: scsPgx("")},
		{Engine: PostgreSQL, Name: SCSPQ, Title: "scs, postgresstore over lib/pq", Modules: peer("postgresstore", pq), open: scsPQ},
		{Engine: PostgreSQL, Name: Pgx + unlogged, Title: "as " + Pgx + ", in an UNLOGGED table", Modules: own(pgx), own: true, high: true, open: ownPostgres("pgx", "UNLOGGED")},
		{Engine: PostgreSQL, Name: SCSPgx + unlogged, Title: "as " + SCSPgx + ", in an UNLOGGED table", Modules: peer("pgxstore", pgx), high: true, open: scsPgx("UNLOGGED")},
		{Engine: MariaDB, Name: MySQL, Title: "sojourn, sqlstore over go-sql-driver", Modules: own(driver), own: true, open: ownMySQL},
		{Engine: MariaDB, Name: SCSMySQL, Title: "scs, mysqlstore over go-sql-driver", Modules: peer("mysqlstore", driver), open: scsMySQL(false)},
		{Engine: MariaDB, Name: SCSMySQL + interpolated, Title: "the same, with interpolateParams=true", Modules: peer("mysqlstore", driver), open: scsMySQL(true)},
		{Engine: SQLite, Name: Lite, Title: "sojourn, adapter/sqlite", Modules: own(lite), own: true, open: ownSQLite},
		{Engine: SQLite, Name: SCSLite, Title: "scs, sqlite3store over modernc, 8 connections", Modules: peer("sqlite3store", lite), open: scsSQLite(8)},
		{Engine: SQLite, Name: SCSLite + single, Title: "the same, one connection", Modules: peer("sqlite3store", lite), open: scsSQLite(1)},
		{Engine: Bolt, Name: BoltOwn, Title: "sojourn, adapter/boltstore", Modules: own(bbolt), own: true, open: ownBolt},
		{Engine: Bolt, Name: SCSBolt, Title: "scs, boltstore", Modules: peer("boltstore", bbolt), open: scsBolt},
		{Engine: Bolt, Name: BoltStore, Title: "adapter/boltstore alone, without the middleware: Load, and Save", Modules: own(bbolt), bare: true, open: ownBoltAlone},
		{Engine: Bolt, Name: SCSBoltStore, Title: "scs, boltstore alone: Find, and Commit", Modules: peer("boltstore", bbolt), bare: true, open: scsBoltAlone},
	}
}

// Own returns which of ours an engine is judged by.
func Own(engine string) string {
	return map[string]string{PostgreSQL: Pgx, MariaDB: MySQL, SQLite: Lite, Bolt: BoltOwn}[engine]
}

// addr is where the server is, or "".
func (h *host) addr() string {
	if h.server == nil {
		return ""
	}
	return h.server.Addr()
}

// A counted store counts Saves.
type counted struct {
	store.Store
	saves atomic.Int64
}

func (c *counted) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	c.saves.Add(1)
	return c.Store.Save(ctx, id, rec)
}

func (c *counted) Unwrap() store.Store { return c.Store }

// ownHouse returns ours over a store.
func ownHouse(st store.Store, db *sql.DB, shut func() error) (*house, error) {
	c := &counted{Store: st}
	m, err := session.New(c, session.Options{})
	if err != nil {
		return nil, errors.Join(err, shut())
	}
	site := peers.OwnSite(m)
	return &house{still: site, idle: site, manager: m, store: st, saves: &c.saves, db: db, table: ownTable, close: func() { _ = shut() }}, nil
}
