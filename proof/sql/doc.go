// Package sql proves that sessions in PostgreSQL, MySQL or MariaDB, and SQLite
// keep their word, with real servers and drivers.
//
//	cd proof
//	GOWORK=off go test -race ./sql
//	SOJOURN_LONG=1 GOWORK=off go test -race ./sql # every driver, 10 000 histories
//
// It needs PostgreSQL, mariadb-server and pgbouncer, see package sqlserver.
// SOJOURN_MYSQL_SERVER may name the binary of a MySQL to be tried in MariaDB's
// place.
//
// Conformance is the contract of package store with each driver, and what is
// between a driver and a database: round trips, names, rights, isolation levels,
// sweeping, crowds. The stories and histories are those of package stories, told
// by two processes. In the tests of faults a crowd of visitors goes on while
// servers are killed, frozen, filled, locked or misconfigured, or lose answers.
// Transactions keep sessions together with orders.
package sql
