package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// mysqlVariable is the environment variable that may hold the address of MySQL.
const mysqlVariable = "SOJOURN_MYSQL"

const mysqlExample = "mysql://USER:PASSWORD@127.0.0.1:3306/DATABASE"

func inMySQL() kind {
	return kind{
		usage: "mysql://HOST/DATABASE",
		help:  "in MySQL or MariaDB, as mysql://USER:PASSWORD@HOST:PORT/DATABASE?tls=... (options of go-sql-driver)",
		where: "All of it is kept in MySQL or MariaDB, and is there again when this program starts anew.",
		takes: isAddress("mysql", "mysql"),
		open: func(d *demoFlags, o opening) (kept, error) {
			c, at, err := d.mysql()
			return o.keep(place{name: "MySQL", at: at, open: func() (store.Store, func() error, error) {
				connector, err := mysql.NewConnector(c)
				if err != nil {
					return nil, nil, errors.New(mysqlFault(err))
				}
				return openSQL(sql.OpenDB(connector), sqlstore.MySQL, sqlstore.Options{Direct: c.InterpolateParams})
			}}, err)
		},
	}
}

// mysql returns how to connect, and the address as it may be shown.
func (d *demoFlags) mysql() (*mysql.Config, string, error) {
	raw, from, err := d.address("mysql", mysqlVariable, mysqlExample)
	if err != nil {
		return nil, "", err
	}
	u, err := url.Parse(raw)
	if err != nil || !strings.EqualFold(u.Scheme, "mysql") { // the error has the address in it
		return nil, "", fmt.Errorf("%s: it is no address such as %s (@, /, : and %% in a password are written %%40, %%2F, %%3A and %%25)", from, mysqlExample)
	}
	if err := strayAt(raw, from); err != nil {
		return nil, "", err
	}
	var faults []error
	for _, fault := range mysqlFaults(u) {
		faults = append(faults, fmt.Errorf("%s: %s", from, fault))
	}
	if len(faults) > 0 {
		return nil, "", errors.Join(faults...)
	}
	c, err := mysqlConfig(u)
	if err != nil {
		return nil, "", fmt.Errorf("%s: its options: %s", from, mysqlFault(err))
	}
	at := url.URL{Scheme: "mysql", User: url.User(c.User), Host: c.Addr, Path: "/" + c.DBName}
	return c, at.String(), nil
}

// mysqlFaults tells what an address says that the driver cannot do.
func mysqlFaults(u *url.URL) (faults []string) {
	if strings.ContainsAny(u.Host, ",") {
		faults = append(faults, "it names several hosts, and the driver takes one")
	} else if u.Hostname() == "" {
		faults = append(faults, "there is no host (a Unix socket has no address here)")
	} else if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			faults = append(faults, "the port is a number from 1 to 65535")
		}
	}
	switch name := strings.TrimPrefix(u.EscapedPath(), "/"); {
	case name == "":
		faults = append(faults, "there is no database, which follows the host and a /")
	case strings.Contains(name, "/"):
		faults = append(faults, "after the name of the database there is another / (in a name it is written %2F)")
	}
	if u.Fragment != "" {
		faults = append(faults, "there is a # in it (in a password it is written %23)")
	}
	return faults
}

// mysqlConfig turns an address into what the driver takes: the options are read
// by itself.
func mysqlConfig(u *url.URL) (*mysql.Config, error) {
	port := u.Port()
	if port == "" {
		port = "3306"
	}
	addr := net.JoinHostPort(u.Hostname(), port)
	c, err := mysql.ParseDSN("tcp(" + addr + ")/?" + strings.ReplaceAll(u.RawQuery, "/", "%2F"))
	if err != nil {
		return nil, err
	}
	c.Addr, c.User, c.DBName = addr, u.User.Username(), strings.TrimPrefix(u.Path, "/")
	c.Passwd, _ = u.User.Password()
	c.Logger = &mysql.NopLogger{} // it returns what it logs
	return c, nil
}

// mysqlFault is what the driver finds wrong with options, without their values.
func mysqlFault(err error) string {
	text, _, _ := strings.Cut(err.Error(), ": ")
	return text
}
