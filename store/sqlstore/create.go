package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sojourn-go/session/store"
)

// Schema returns the statements that [Store.Create] executes, without a
// semicolon, for the application's own migrations. On PostgreSQL, and there only,
// the first of two creates Options.Schema.
func (s *Store) Schema() []string { return slices.Clone(s.d.create) }

// Create creates the table unless it is there, and on PostgreSQL Options.Schema
// too. What is there it leaves as it is: see [Store.Migrate] and [Store.Check].
// Any number of processes may call it at once, and one that lacks the right to
// create may call it if the table is there: that is found out in one round trip.
func (s *Store) Create(ctx context.Context) error {
	_, err := s.created(ctx)
	return err
}

// created creates the table unless it is there, and returns its columns.
func (s *Store) created(ctx context.Context) (have []column, err error) {
	for range tries {
		have, err = s.look(ctx)
		if len(have) > 0 || err != nil {
			return have, err
		}
		// Another process may be faster, which databases call by many names.
		if err = s.build(ctx); err != nil && s.d.classify(err) != racing {
			if have, again := s.look(ctx); again == nil && len(have) > 0 {
				return have, nil
			}
			break
		}
	}
	if err == nil {
		err = errors.New("the table is not there after it was created")
	}
	return nil, s.fail(ctx, "create", err)
}

// look asks for the columns, of which there are none without a table.
func (s *Store) look(ctx context.Context) (have []column, err error) {
	err = s.step(ctx, func(ctx context.Context) error {
		have, err = s.d.inspect(s, ctx)
		return err
	})
	if err != nil {
		return nil, s.fail(ctx, "columns", err)
	}
	return have, nil
}

// build creates the table, and its schema only if that turns out to be missing:
// who may create the one need not be allowed the other.
func (s *Store) build(ctx context.Context) error {
	table := s.d.create[len(s.d.create)-1]
	err := s.define(ctx, table)
	if err == nil || len(s.d.create) == 1 || sqlState(err) != "3F000" { // no such schema
		return err
	}
	if err = s.define(ctx, s.d.create[0]); err != nil && s.d.classify(err) != racing {
		return err
	}
	return s.define(ctx, table)
}

// define executes a statement that defines something.
func (s *Store) define(ctx context.Context, text string) error {
	return s.step(ctx, func(ctx context.Context) error {
		leave, err := s.enter(ctx)
		if err != nil {
			return err
		}
		defer leave()
		_, err = s.db.ExecContext(ctx, text)
		return err
	})
}

// Migrate is [Store.Create], and brings a table of an earlier layout up to this
// one: it adds the columns that are missing. A table that is not a store's it
// leaves as it is, and returns an error (store.ErrRefused) that names each column
// which should not be there, or should be otherwise. Any number of processes may
// call it at once, while others read and write the table. If there is nothing to
// do, it is one round trip.
func (s *Store) Migrate(ctx context.Context) error {
	have, err := s.created(ctx)
	for range tries {
		if err != nil {
			return err
		}
		foreign, missing := s.d.compare(have)
		if len(foreign) > 0 {
			return fmt.Errorf("sqlstore: migrate: %w: %w", store.ErrRefused, errors.Join(foreign...))
		}
		if len(missing) == 0 {
			return nil
		}
		for _, name := range missing {
			if err := s.define(ctx, s.d.alter[name]); err != nil && s.d.classify(err) != racing {
				return s.fail(ctx, "migrate: column "+name, err)
			}
		}
		have, err = s.look(ctx)
	}
	return errors.New("sqlstore: migrate: columns are missing again and again: another program changes the table")
}
