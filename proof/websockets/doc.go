// Package websockets proves that WebSocket upgrades pass through
// session.Manager.Handler, with the two libraries that most programs use:
// one writes the 101 response by itself, upon a hijacked connection, the other
// lets net/http write it.
//
//	cd proof
//	GOWORK=off go test -race ./websockets
package websockets
