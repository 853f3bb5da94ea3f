module github.com/sojourn-go/session/cmd/sojourn

go 1.26.0

require github.com/sojourn-go/session v0.0.0
