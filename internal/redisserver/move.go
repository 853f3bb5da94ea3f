package redisserver

import (
	"fmt"
	"strconv"
)

// MoveSlot moves a slot and its keys from one master to another, while both
// serve. It returns when all masters know.
func (c *Cluster) MoveSlot(slot int, from, to *Server) error {
	if err := c.BeginMove(slot, from, to); err != nil {
		return err
	}
	return c.FinishMove(slot, from, to)
}

// BeginMove is the first half of MoveSlot: the slot is on its way, and all its
// keys are still where they were. For a key that is not there, from sends
// clients to the other master (ASK).
func (c *Cluster) BeginMove(slot int, from, to *Server) error {
	if err := setSlot(to, slot, "IMPORTING", from); err != nil {
		return err
	}
	return setSlot(from, slot, "MIGRATING", to)
}

// FinishMove is the rest of MoveSlot.
func (c *Cluster) FinishMove(slot int, from, to *Server) error {
	for {
		left, err := c.moveKeys(slot, from, to)
		if err != nil {
			return fmt.Errorf("redisserver: moving the keys of slot %d: %w", slot, err)
		}
		if left == 0 {
			break
		}
	}
	masters, err := c.Masters()
	if err != nil {
		return err
	}
	// The new owner learns it first, so that there is always one.
	for _, s := range append([]*Server{to, from}, masters...) {
		if err := setSlot(s, slot, "NODE", to); err != nil {
			return err
		}
	}
	return nil
}

// moveKeys moves some keys, and returns how many.
func (c *Cluster) moveKeys(slot int, from, to *Server) (int, error) {
	reply, err := from.Do("CLUSTER", "GETKEYSINSLOT", strconv.Itoa(slot), "100")
	if err != nil {
		return 0, err
	}
	keys, ok := reply.([]any)
	if !ok || len(keys) == 0 {
		return 0, nil
	}
	args := []string{"MIGRATE", "127.0.0.1", strconv.Itoa(to.port), "", "0", "5000"}
	if c.password != "" {
		args = append(args, "AUTH", c.password)
	}
	args = append(args, "KEYS")
	for _, key := range keys {
		args = append(args, key.(string))
	}
	_, err = from.Do(args...)
	return len(keys), err
}

func setSlot(s *Server, slot int, state string, other *Server) error {
	id, err := nodeID(other)
	if err != nil {
		return err
	}
	if _, err := s.Do("CLUSTER", "SETSLOT", strconv.Itoa(slot), state, id); err != nil {
		return fmt.Errorf("redisserver: CLUSTER SETSLOT %d %s on port %d: %w", slot, state, s.port, err)
	}
	return nil
}
