module github.com/sojourn-go/session/proof

go 1.26.0

require (
	github.com/chromedp/cdproto v0.159.0
	github.com/chromedp/chromedp v0.22.1
	github.com/coder/websocket v1.8.15
	github.com/gomodule/redigo v1.9.3
	github.com/gorilla/websocket v1.5.3
	github.com/redis/go-redis/v9 v9.23.0
	github.com/redis/rueidis v1.0.79
	github.com/sojourn-go/session v0.0.0
	github.com/valkey-io/valkey-go v1.0.79
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	go.uber.org/atomic v1.12.0 // indirect
)

require (
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	github.com/sojourn-go/session/adapter/redis/goredis v0.0.0
	github.com/sojourn-go/session/adapter/redis/rueidis v0.0.0
	golang.org/x/sys v0.48.0 // indirect
)

replace github.com/sojourn-go/session => ../

replace github.com/sojourn-go/session/adapter/redis/rueidis => ../adapter/redis/rueidis

replace github.com/sojourn-go/session/adapter/redis/goredis => ../adapter/redis/goredis
