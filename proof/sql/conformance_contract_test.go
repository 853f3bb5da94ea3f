package sql_test

import (
	"testing"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/storetest"
)

func TestConformance_TheContractHolds(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		t.Parallel()
		s := c.newStore(t, c.open(t))
		storetest.Run(t, func(*testing.T) store.Store { return s })
	})
}
