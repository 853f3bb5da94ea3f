package sqlstore

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A dialect is what we say to a database, and how we understand it.
type dialect struct {
	schema, table string // as they were given
	quote         func(name string) string
	text          func(mark string) string // how an argument stands there that may be empty
	badTable      func(name string) string // why it is none, or ""
	badName       func(name string) string

	load, update, insert, remove, page string

	// The same for arrays of arguments; "" where there are none. updates passes over
	// rows that somebody has locked.
	loads, updates string

	// replace is for those that have no INSERT which replaces what has expired.
	replace string

	// askCommits asks whether statements commit themselves, if that is not sure.
	askCommits string

	// oneWriter says that there can be one at a time.
	oneWriter bool

	create   []string          // the statements of Schema
	alter    map[string]string // what Migrate adds a column with
	kinds    kinds
	inspect  inspector
	check    checker
	sweep    sweeper
	classify func(error) class
}

// name is the table as statements name it.
func (d *dialect) name() string {
	if d.schema == "" {
		return d.quote(d.table)
	}
	return d.quote(d.schema) + "." + d.quote(d.table)
}

const (
	columns = "id, version, expires, owner, data"

	// What update takes before the id of the row.
	set = "version = %s, expires = %s, owner = %s, data = %s"

	pageSize = 128 // records, of List
)

// say fills in the texts that differ in little between databases. mark is how a
// database writes its nth argument.
func (d *dialect) say(mark func(n int) string) {
	t, text := d.name(), d.text
	sets := fmt.Sprintf(set, mark(1), mark(2), text(mark(3)), text(mark(4)))
	d.load = fmt.Sprintf("SELECT version, expires, owner, data FROM %s WHERE id = %s", t, mark(1))
	d.update = fmt.Sprintf("UPDATE %s SET %s WHERE id = %s AND version = %s AND (expires IS NULL OR expires > %s)",
		t, sets, mark(5), mark(6), mark(7))
	d.remove = fmt.Sprintf("DELETE FROM %s WHERE id = %s", t, mark(1))
	d.page = fmt.Sprintf("SELECT %s FROM %s WHERE id > %s AND (expires IS NULL OR expires > %s) ORDER BY id LIMIT %d",
		columns, t, text(mark(1)), mark(2), pageSize)
	d.insert = fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s, %s, %s, %s, %s)",
		t, columns, mark(1), mark(2), mark(3), text(mark(4)), text(mark(5)))
	if d.replace != "" {
		d.replace = fmt.Sprintf("UPDATE %s SET %s WHERE id = %s AND expires <= %s", t, sets, mark(5), mark(6))
		return
	}
	d.insert = fmt.Sprintf("INSERT INTO %s AS kept (%s) VALUES (%s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET"+
		" version = excluded.version, expires = excluded.expires, owner = excluded.owner, data = excluded.data"+
		" WHERE kept.expires <= %s", t, columns, mark(1), mark(2), mark(3), text(mark(4)), text(mark(5)), mark(6))
}

func asIs(mark string) string { return mark }

func dollar(n int) string { return fmt.Sprint("$", n) }
func question(int) string { return "?" }

// doubled quotes a name between two q, of which those in the name are doubled.
// No database knows an escape besides that.
func doubled(q string) func(string) string {
	return func(name string) string { return q + strings.ReplaceAll(name, q, q+q) + q }
}

// badText says why no database takes the name, or "".
func badText(name string) string {
	switch {
	case name == "":
		return "a name is not empty"
	case strings.ContainsRune(name, 0):
		return "a name has no NUL"
	case !utf8.ValidString(name):
		return "a name is UTF-8"
	}
	return ""
}
