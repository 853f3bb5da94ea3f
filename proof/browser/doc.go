// Package browser proves with a real Chromium that sojourn demo works for
// people: they sign in, are counted and sign out, with the strict cookie and
// with nothing left behind for who sits down after them.
//
//	cd proof
//	GOWORK=off go test -count=1 -race ./browser
//	SOJOURN_SCREENSHOTS=/tmp/look GOWORK=off go test -count=1 -run Light ./browser
//
// The demo is built from the tree, which the go command does not see: without
// -count=1 it may repeat what it remembers of an older one. The second command
// leaves a picture of every page in an existing folder.
//
// Each test starts a demo on a free port and a headless Chromium with an empty
// profile; without Chromium the tests are skipped. Every page is listened to:
// an error on the console, a violation of the Content-Security-Policy or any
// other issue that the developer tools would show fails the test.
package browser
