module github.com/sojourn-go/session

go 1.26.0
