package sqlstore

import "fmt"

const mostPostgresName = 63 // bytes; of longer names the server cuts off the rest

func postgres(schema, table string) *dialect {
	d := &dialect{
		schema: schema, table: table, quote: doubled(`"`), text: asIs,
		badTable: badPostgresName, badName: badPostgresName,
		kinds: postgresKinds, inspect: inspectPostgres, check: checkPostgres, sweep: sweepPostgres, classify: classifyPostgres,
	}
	d.say(dollar)
	d.create = []string{fmt.Sprintf(`CREATE TABLE IF NOT EXISTS %s (
	id text COLLATE "C" PRIMARY KEY,
	version bigint NOT NULL,
	expires bigint,
	owner text COLLATE "C" NOT NULL,
	data bytea NOT NULL
) WITH (fillfactor = 60)`, d.name())}
	if schema != "" {
		d.create = append([]string{"CREATE SCHEMA IF NOT EXISTS " + d.quote(schema)}, d.create...)
	}
	d.alter = map[string]string{
		"expires": fmt.Sprintf("ALTER TABLE %s ADD COLUMN expires bigint", d.name()),
		"owner":   fmt.Sprintf(`ALTER TABLE %s ADD COLUMN owner text COLLATE "C" NOT NULL DEFAULT ''`, d.name()),
	}
	return d
}

func badPostgresName(name string) string {
	if len(name) > mostPostgresName {
		return fmt.Sprintf("it has %d bytes, and PostgreSQL keeps %d of a name", len(name), mostPostgresName)
	}
	return badText(name)
}
