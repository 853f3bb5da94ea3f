package sqlstore

import (
	"fmt"
	"strings"
)

const mostSQLiteName = 1000 // bytes; SQLite itself has no bound

func sqlite(schema, table string) *dialect {
	d := &dialect{
		schema: schema, table: table, quote: doubled(`"`), text: asIs,
		badTable: badSQLiteTable, badName: badSQLiteName, oneWriter: true,
		kinds: sqliteKinds, inspect: inspectSQLite, check: checkSQLite, sweep: sweepSQLite, classify: classifySQLite,
	}
	d.say(question)
	d.create = []string{fmt.Sprintf(`CREATE TABLE IF NOT EXISTS %s (
	id TEXT NOT NULL PRIMARY KEY,
	version INTEGER NOT NULL,
	expires INTEGER,
	owner TEXT NOT NULL,
	data BLOB NOT NULL
) STRICT`, d.name())}
	d.alter = map[string]string{
		"expires": fmt.Sprintf("ALTER TABLE %s ADD COLUMN expires INTEGER", d.name()),
		"owner":   fmt.Sprintf("ALTER TABLE %s ADD COLUMN owner TEXT NOT NULL DEFAULT ''", d.name()),
	}
	return d
}

func badSQLiteName(name string) string {
	if len(name) > mostSQLiteName {
		return fmt.Sprintf("it has %d bytes, at most %d are sensible", len(name), mostSQLiteName)
	}
	return badText(name)
}

func badSQLiteTable(name string) string {
	if len(name) >= 7 && strings.EqualFold(name[:7], "sqlite_") {
		return "SQLite keeps names that begin with sqlite_ for itself"
	}
	return badSQLiteName(name)
}
