module github.com/sojourn-go/session/proof

go 1.26.0

require (
	github.com/chromedp/cdproto v0.159.0
	github.com/chromedp/chromedp v0.22.1
	github.com/coder/websocket v1.8.15
	github.com/go-sql-driver/mysql v1.10.1
	github.com/gomodule/redigo v1.9.3
	github.com/gorilla/websocket v1.5.3
	github.com/jackc/pgx/v5 v5.12.0
	github.com/lib/pq v1.12.3
	github.com/redis/go-redis/v9 v9.23.0
	github.com/redis/rueidis v1.0.79
	github.com/sojourn-go/session v0.0.0
	github.com/valkey-io/valkey-go v1.0.79
	modernc.org/sqlite v1.60.1
)

require (
	filippo.io/edwards25519 v1.2.0 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/dustin/go-humanize v1.0.1 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/ncruces/go-strftime v1.0.0 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/sync v0.23.0 // indirect
	golang.org/x/text v0.41.0 // indirect
	modernc.org/libc v1.77.1 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
)

require (
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	github.com/sojourn-go/session/adapter/boltstore v0.0.0
	github.com/sojourn-go/session/adapter/redis/goredis v0.0.0
	github.com/sojourn-go/session/adapter/redis/rueidis v0.0.0
	github.com/sojourn-go/session/adapter/sqlite v0.0.0
	go.etcd.io/bbolt v1.5.0
	golang.org/x/sys v0.48.0 // indirect
)

replace github.com/sojourn-go/session => ../

replace github.com/sojourn-go/session/adapter/redis/rueidis => ../adapter/redis/rueidis

replace github.com/sojourn-go/session/adapter/redis/goredis => ../adapter/redis/goredis

replace github.com/sojourn-go/session/adapter/sqlite => ../adapter/sqlite

replace github.com/sojourn-go/session/adapter/boltstore => ../adapter/boltstore
