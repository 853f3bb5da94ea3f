// Package testserver is what packages that start real servers for tests have in
// common, whatever the servers speak: processes that do not outlive the test,
// waiting for what they do, free ports, and a [Relay] that can be told to fail.
package testserver
