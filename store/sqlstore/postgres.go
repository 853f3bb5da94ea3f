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
	d.sayMany()
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

// sayMany fills in the texts for arrays of arguments.
func (d *dialect) sayMany() {
	d.loads = fmt.Sprintf("SELECT %s FROM %s WHERE id = ANY ($1::text[])", columns, d.name())
	d.updates = fmt.Sprintf(`WITH free AS (
	SELECT kept.id, new.version, new.expires, new.owner, new.data
	FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bytea[], $6::bigint[]) AS new (%s, base)
	JOIN %s AS kept ON kept.id = new.id
	WHERE kept.version = new.base AND (kept.expires IS NULL OR kept.expires > $7)
	FOR UPDATE OF kept SKIP LOCKED
) UPDATE %[2]s AS kept SET version = free.version, expires = NULLIF(free.expires, %[3]d), owner = free.owner, data = free.data
FROM free WHERE kept.id = free.id RETURNING kept.version`, columns, d.name(), never)
}
