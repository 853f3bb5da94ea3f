module github.com/sojourn-go/session/cmd/sojourn

go 1.26.0

require (
	github.com/sojourn-go/session v0.0.0
	github.com/sojourn-go/session/adapter/redis/rueidis v0.0.0
)

require (
	github.com/redis/rueidis v1.0.79 // indirect
	golang.org/x/sys v0.47.0 // indirect
)
