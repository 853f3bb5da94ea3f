// Package browser proves with a real Chromium that sojourn demo works for
// people: they sign in, are counted and sign out, with the strict cookie and
// with nothing left behind for who sits down after them; they end their sessions
// in other browsers, and change their password.
//
//	cd proof
//	GOWORK=off go test -count=1 -race ./browser
//	SOJOURN_SCREENSHOTS=/tmp/look GOWORK=off go test -count=1 -run Light ./browser
//	SOJOURN_AXE=/tmp/axe.min.js GOWORK=off go test -count=1 -run [aA]xe ./browser
//
// The demo is built from the tree, which the go command does not see: without
// -count=1 it may repeat what it remembers of an older one. The second command
// leaves a picture of every page in an existing folder. The third holds every
// page against the rules of axe-core, whose file axe.min.js it is given; without
// it those tests are skipped.
//
// Each test starts a demo on a free port and a headless Chromium with an empty
// profile; without Chromium the tests are skipped. Every page is listened to:
// an error on the console, a violation of the Content-Security-Policy or any
// other issue that the developer tools would show fails the test.
package browser
