package storetest_test

import (
	"strings"

	"github.com/sojourn-go/session/store"
)

var faultsOfNames = []fault{
	{"ids are case-folded",
		"ids that differ only in case are different ids",
		named(strings.ToLower)},
	{"ids are cut at 64 bytes",
		"an id is 1 to 128 bytes of letters, digits, '-', '_' and '.'",
		named(func(id string) string { return id[:min(len(id), 64)] })},
	{"ids are cut at 127 bytes",
		"an id is 1 to 128 bytes of letters, digits, '-', '_' and '.'",
		named(func(id string) string { return id[:min(len(id), 127)] })},
	{"'-' and '_' are one in ids",
		"an id is 1 to 128 bytes of letters, digits, '-', '_' and '.'",
		named(func(id string) string { return strings.ReplaceAll(id, "-", "_") })},
	{"the id '..' is that above '.'",
		"an id is 1 to 128 bytes of letters, digits, '-', '_' and '.'",
		named(func(id string) string { return strings.TrimRight(id, ".") })},
	{"owners are case-folded",
		"two owners are the same only if their bytes are",
		keeping(func(rec *store.Record) { rec.Owner = strings.ToLower(rec.Owner) })},
	{"owners are trimmed",
		"two owners are the same only if their bytes are",
		keeping(func(rec *store.Record) { rec.Owner = strings.TrimSpace(rec.Owner) })},
	{"owners are brought to a Unicode form",
		"two owners are the same only if their bytes are",
		keeping(func(rec *store.Record) { rec.Owner = strings.ReplaceAll(rec.Owner, "A\u0301", "Á") })},
	{"owners lose their accents",
		"two owners are the same only if their bytes are",
		keeping(func(rec *store.Record) { rec.Owner = strings.NewReplacer("Á", "A", "á", "a").Replace(rec.Owner) })},
	{"owners have no characters beyond the BMP",
		"two owners are the same only if their bytes are",
		keeping(func(rec *store.Record) {
			rec.Owner = strings.Map(func(r rune) rune { return min(r, 0xfffd) }, rec.Owner)
		})},
	{"owners live in a table of their own, whose key is case-folded",
		"two owners are the same only if their bytes are",
		func(s *broken) {
			owners := map[string]string{}
			keeping(func(rec *store.Record) {
				s.mu.Lock()
				defer s.mu.Unlock()
				if first, ok := owners[strings.ToLower(rec.Owner)]; ok {
					rec.Owner = first
				}
				owners[strings.ToLower(rec.Owner)] = rec.Owner
			})(s)
		}},
	{"owners are cut at 254 bytes",
		"an owner may have 255 bytes",
		keeping(func(rec *store.Record) { rec.Owner = rec.Owner[:min(len(rec.Owner), 254)] })},
}
