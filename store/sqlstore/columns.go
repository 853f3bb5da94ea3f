package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// A column is one of a table's, as the database tells it.
type column struct {
	name, kind string
	folds      string // by which collation different bytes are the same; "" if they are not
	key        bool   // no two rows have the same
	needed     bool   // an INSERT has to give it a value
}

// An inspector returns the columns of the table, or none if it is not there.
type inspector func(*Store, context.Context) ([]column, error)

// The kinds that a column may have. The first is the one that Create gives it.
type kinds map[string][]string

// compare returns what of a table is not a store's, and which columns it lacks
// that Migrate adds.
func (d *dialect) compare(have []column) (foreign []error, missing []string) {
	fault := func(format string, args ...any) {
		foreign = append(foreign, fmt.Errorf("table %s: "+format, append([]any{d.name()}, args...)...))
	}
	ours := strings.Split(columns, ", ")
	for _, name := range ours {
		i := slices.IndexFunc(have, func(c column) bool { return c.name == name })
		switch {
		case i < 0 && d.alter[name] != "":
			missing = append(missing, name)
		case i < 0:
			fault("column %s is missing", name)
		case !slices.Contains(d.kinds[name], have[i].kind):
			fault("column %s is %s, want %s", name, have[i].kind, d.kinds[name][0])
		case have[i].folds != "":
			fault("column %s has the collation %s, by which different texts are the same", name, have[i].folds)
		case name == "id" && !have[i].key:
			fault("column id is not its primary key")
		case name == "expires" && have[i].needed:
			fault("column expires is NOT NULL, and NULL is for sessions that never end")
		}
	}
	for _, c := range have {
		switch {
		case c.key && c.name != "id":
			fault("column %s is part of a key, and several sessions may have the same", c.name)
		case c.needed && !slices.Contains(ours, c.name):
			fault("column %s is not a store's, and has no default", c.name)
		}
	}
	return foreign, missing
}

// readColumns reads rows of name, kind, folds, key, needed.
func (s *Store) readColumns(ctx context.Context, text string, args ...any) (all []column, err error) {
	err = s.ask(ctx, text, func(rows *sql.Rows) error {
		var c column
		err := rows.Scan(&c.name, &c.kind, &c.folds, &c.key, &c.needed)
		all = append(all, c)
		return err
	}, args...)
	return all, err
}

var postgresKinds = kinds{
	"id": {"text", "character varying", "character varying(128)"}, "version": {"bigint"}, "expires": {"bigint"},
	"owner": {"text", "character varying", "character varying(255)"}, "data": {"bytea"},
}

// inspectPostgres finds the table as statements do, by search_path. For ON
// CONFLICT (id) there has to be a unique index on that alone.
func inspectPostgres(s *Store, ctx context.Context) ([]column, error) {
	return s.readColumns(ctx, `SELECT a.attname::text, format_type(a.atttypid, a.atttypmod),
	CASE WHEN co.collisdeterministic THEN '' ELSE coalesce(co.collname::text, '') END,
	EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indisvalid
		AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum),
	a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
FROM pg_attribute a LEFT JOIN pg_collation co ON co.oid = a.attcollation
WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0 AND NOT a.attisdropped`, s.d.name())
}

var mysqlKinds = kinds{
	"id": {"varbinary(128)"}, "version": {"bigint"}, "expires": {"bigint"},
	"owner": {"varbinary(255)"}, "data": {"longblob", "mediumblob"},
}

// inspectMySQL asks SHOW, which takes the name for what statements take it for:
// to information_schema, names that differ in case or accents are the same.
func inspectMySQL(s *Store, ctx context.Context) (all []column, err error) {
	err = s.ask(ctx, "SHOW FULL COLUMNS FROM "+s.d.name(), func(rows *sql.Rows) error {
		var c column
		var collation, standard sql.NullString
		var null, key, extra, rights, comment string
		err := rows.Scan(&c.name, &c.kind, &collation, &null, &key, &standard, &extra, &rights, &comment)
		if strings.HasPrefix(c.kind, "bigint(") && !strings.HasSuffix(c.kind, "unsigned") {
			c.kind = "bigint" // MariaDB tells a width
		}
		c.key = key == "PRI" || key == "UNI"
		made := strings.ToUpper(extra)
		c.needed = null == "NO" && !standard.Valid && !strings.Contains(made, "AUTO_INCREMENT") && !strings.Contains(made, "GENERATED")
		all = append(all, c)
		return err
	})
	if mysqlNumber(err) == 1146 { // no such table
		return nil, nil
	}
	return all, err
}

var sqliteKinds = kinds{
	"id": {"TEXT"}, "version": {"INTEGER", "INT"}, "expires": {"INTEGER", "INT"},
	"owner": {"TEXT"}, "data": {"BLOB"},
}

func inspectSQLite(s *Store, ctx context.Context) ([]column, error) {
	args, schema := []any{s.d.table}, ""
	if s.d.schema != "" {
		args, schema = append(args, s.d.schema), ", ?2"
	}
	return s.readColumns(ctx, fmt.Sprintf(`SELECT c.name, upper(c.type),
	coalesce((SELECT nullif(x.coll, 'BINARY') FROM pragma_index_list(?1%[1]s) i, pragma_index_xinfo(i.name%[1]s) x
		WHERE i.origin = 'pk' AND x.name = c.name), ''),
	c.pk > 0, c."notnull" AND c.dflt_value IS NULL AND c.hidden = 0
FROM pragma_table_xinfo(?1%[1]s) c`, schema), args...)
}
