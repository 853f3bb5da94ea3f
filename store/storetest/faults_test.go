package storetest_test

import (
	"slices"
)

// A fault breaks a store, and with it a sentence of the contract.
type fault struct {
	what     string
	sentence string
	inject   func(*broken)
}

// faults are ways to get a store wrong, by number. Number 0 is none. Each
// sentence of the contract has at least one.
var faults = slices.Concat(
	[]fault{{"nothing", "", func(*broken) {}}},
	faultsOfRecords, faultsOfNames, faultsOfVersions, faultsOfDelete, faultsOfExpiry,
	faultsOfOwnership, faultsOfContext, faultsOfRaces, faultsOfList, faultsOfSweep, faultsOfCache,
)
