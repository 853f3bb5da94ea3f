package sql_test

import (
	"os"
	"strings"
	"testing"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
	"github.com/sojourn-go/session/store/storetest"
)

// Connections come as applications and servers have set them up.
func TestConformance_TheContractHoldsWhateverTheDefaultsOfASession(t *testing.T) {
	type mode struct {
		driver, with string
		options      sqlstore.Options
	}
	modes := []mode{
		{"pgx", "default_transaction_isolation=serializable", sqlstore.Options{}},
		{"pq", "binary_parameters=yes", sqlstore.Options{Direct: true}},
		{"mysql", "clientFoundRows=true&tx_isolation='SERIALIZABLE'", sqlstore.Options{}},
		{"mysql", "autocommit=0&interpolateParams=true", sqlstore.Options{Direct: true}},
		{"mysql", "sql_mode='ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,EMPTY_STRING_IS_NULL'", sqlstore.Options{}},
	}
	if os.Getenv("SOJOURN_LONG") != "" {
		modes = append(modes, []mode{
			{"pgx", "default_transaction_isolation=repeatable%20read", sqlstore.Options{}},
			{"pq", "default_transaction_isolation=serializable", sqlstore.Options{}},
			{"mysql", "autocommit=0", sqlstore.Options{}},
			{"mysql", "interpolateParams=true", sqlstore.Options{Direct: true}},
			{"mysql", "tx_isolation='READ-COMMITTED'", sqlstore.Options{}},
			{"mysql", "charset=latin1&time_zone='%2B05:30'", sqlstore.Options{}},
			{"mysql", "sql_mode=''&interpolateParams=true", sqlstore.Options{Direct: true}},
		}...)
	}
	mariaDB := isMariaDB(t)
	for _, m := range modes {
		if m.driver == "mysql" && !mariaDB {
			m.with = strings.NewReplacer("tx_isolation", "transaction_isolation", ",EMPTY_STRING_IS_NULL", "").Replace(m.with)
		}
		t.Run(m.driver+" "+m.with, func(t *testing.T) {
			t.Parallel()
			c := driverByName(m.driver)
			m.options.Table = newTable()
			s := c.store(t, c.connect(t, extended(c.dsn(t, ""), m.with)), m.options)
			if err := s.Create(t.Context()); err != nil {
				t.Fatal(err)
			}
			storetest.Run(t, func(*testing.T) store.Store { return s })
		})
	}
}

// isMariaDB tells which of the two the server of MySQL is.
func isMariaDB(t *testing.T) bool {
	t.Helper()
	var version string
	if err := driverByName("mysql").open(t).QueryRowContext(t.Context(), "SELECT VERSION()").Scan(&version); err != nil {
		t.Fatal(err)
	}
	return strings.Contains(version, "MariaDB")
}
