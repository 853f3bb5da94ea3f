package sqlstore_test

import (
	"context"
	"database/sql/driver"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

func TestAllFaultsOfTheOptionsAreToldTogether(t *testing.T) {
	for name, k := range kinds {
		_, err := k(nil, sqlstore.Options{Table: "a\x00b", Schema: "\xff", Grace: -1, Timeout: -time.Second})
		for _, want := range []string{"*sql.DB is nil", "Options.Table", "Options.Schema", "Options.Grace", "Options.Timeout"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q in it", name, err, want)
			}
		}
	}
}

func TestNamesThatTheDatabaseWouldNotKeepAreRefused(t *testing.T) {
	long := strings.Repeat("x", 1001)
	db := new(fake).open(t)
	for name, bad := range map[string][]string{
		"postgres": {"\x00", "\xff", long[:64], strings.Repeat("é", 32)},
		"mysql":    {"\x00", "\xff", long[:65], "trailing ", "🦊"},
		"sqlite":   {"\x00", "\xff", long, "sqlite_x", "SQLite_"},
	} {
		for _, table := range bad {
			if _, err := kinds[name](db, sqlstore.Options{Table: table}); err == nil {
				t.Errorf("%s: table %.80q: got no error", name, table)
			}
			if _, err := kinds[name](db, sqlstore.Options{Schema: table}); err == nil && !strings.HasPrefix(strings.ToLower(table), "sqlite_") {
				t.Errorf("%s: schema %.80q: got no error", name, table)
			}
		}
	}
	for name, good := range map[string][]string{
		"postgres": {long[:63], "🦊", strings.Repeat("é", 31), " "}, "mysql": {long[:64], strings.Repeat("é", 64)}, "sqlite": {long[:1000], "🦊"},
	} {
		for _, table := range good {
			if _, err := kinds[name](db, sqlstore.Options{Table: table, Schema: table}); err != nil {
				t.Errorf("%s: table %.80q: %v", name, table, err)
			}
		}
	}
}

func TestEveryStatementNamesTheTableQuoted(t *testing.T) {
	for name, want := range map[string]string{
		"postgres": `"my "" schema"."my ` + "`" + ` "" table"`,
		"mysql":    "`my \" schema`.`my `` \" table`",
		"sqlite":   `"my "" schema"."my ` + "`" + ` "" table"`,
	} {
		f := &fake{}
		s := f.store(t, kinds[name], sqlstore.Options{Table: "my ` \" table", Schema: "my \" schema"})
		f.answer = func(_ context.Context, text string, _ []any) reply {
			if strings.Contains(text, "relkind") {
				return reply{rows: [][]driver.Value{{int64(1), "r"}}}
			}
			return reply{}
		}
		ctx := t.Context()
		s.Load(ctx, "a")
		s.Save(ctx, "a", store.Record{})
		s.Save(ctx, "a", store.Record{Version: 1})
		s.Delete(ctx, "a")
		s.Sweep(ctx)
		for range s.List(ctx) {
		}
		sent := slices.Concat(f.all("executed"), f.all("queried"), f.all("exec "), s.Schema()[len(s.Schema())-1:])
		if len(sent) < 6 {
			t.Fatalf("%s: got only %q", name, sent)
		}
		for _, text := range sent {
			if !strings.Contains(text, want) && !strings.Contains(text, "@@autocommit") && !strings.Contains(text, "pg_class") {
				t.Errorf("%s: got %s, want %s in it", name, text, want)
			}
		}
	}
}
