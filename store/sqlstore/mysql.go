package sqlstore

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const mostMySQLName = 64 // characters

func mysql(schema, table string) *dialect {
	d := &dialect{
		schema: schema, table: table, quote: doubled("`"), text: neverNull,
		badTable: badMySQLName, badName: badMySQLName,
		replace: "UPDATE", askCommits: "SELECT @@autocommit",
		kinds: mysqlKinds, inspect: inspectMySQL, check: checkMySQL, sweep: sweepMySQL, classify: classifyMySQL,
	}
	d.say(question)
	d.create = []string{fmt.Sprintf(`CREATE TABLE IF NOT EXISTS %s (
	id VARBINARY(128) NOT NULL,
	version BIGINT NOT NULL,
	expires BIGINT NULL,
	owner VARBINARY(255) NOT NULL,
	data LONGBLOB NOT NULL,
	PRIMARY KEY (id)
) ENGINE=InnoDB`, d.name())}
	d.alter = map[string]string{
		"expires": fmt.Sprintf("ALTER TABLE %s ADD COLUMN expires BIGINT NULL", d.name()),
		"owner":   fmt.Sprintf("ALTER TABLE %s ADD COLUMN owner VARBINARY(255) NOT NULL DEFAULT ''", d.name()),
	}
	return d
}

func badMySQLName(name string) string {
	switch n := utf8.RuneCountInString(name); {
	case n > mostMySQLName:
		return fmt.Sprintf("it has %d characters, and MySQL takes %d", n, mostMySQLName)
	case strings.HasSuffix(name, " "):
		return "MySQL takes no name that ends with a space"
	case strings.ContainsFunc(name, func(r rune) bool { return r > 0xFFFF }):
		return "MySQL takes no characters above U+FFFF in names"
	}
	return badText(name)
}

// mysqlNow is the time by the server's clock, in ms. UNIX_TIMESTAMP(NOW(3)) is an
// hour off for an hour when summer time ends.
const mysqlNow = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000"

// neverNull undoes a mode of MariaDB (EMPTY_STRING_IS_NULL), which makes NULL of
// an empty argument.
func neverNull(mark string) string { return "COALESCE(" + mark + ", X'')" }
