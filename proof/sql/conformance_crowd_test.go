package sql_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// Saves over pgx that come at once share a round trip.

// crowdDrivers are those over which Saves do.
func crowdDrivers(t *testing.T, f func(*testing.T, driverCase)) {
	for _, name := range []string{"pgx", "pgxpool", "pgx through PgBouncer"} {
		c := driverByName(name)
		t.Run(name, func(t *testing.T) { f(t, c) })
	}
}

// A save is one of many at once, and what it came to.
type save struct {
	id      string
	rec     store.Record
	version uint64
	err     error
}

// saveAll runs saves at once, several times each if rounds says so, each upon
// what it made before.
func saveAll(ctx context.Context, s *sqlstore.Store, saves []*save, rounds int) {
	var wg sync.WaitGroup
	for _, sv := range saves {
		wg.Go(func() {
			for range rounds {
				if sv.version, sv.err = s.Save(ctx, sv.id, sv.rec); sv.err != nil {
					return
				}
				sv.rec.Version = sv.version
			}
		})
	}
	wg.Wait()
}

func manySaves(n int) (saves []*save) {
	for i := range n {
		saves = append(saves, &save{id: fmt.Sprint("id", i), rec: store.Record{
			Data: fmt.Append(nil, "data ", i), Owner: []string{"", "Ålice", `"quoted" \ {,}`}[i%3],
			Expires: []time.Time{{}, time.Now().Add(time.Hour).Truncate(time.Millisecond), time.UnixMilli(253402300799999)}[i%3],
		}})
	}
	saves[0].rec.Data = nil
	saves[1].rec.Data = []byte{0, 0xff, '\\', '"', 0}
	return saves
}

func TestConformance_SavesAtOnceShareRoundTripsAndAreWhole(t *testing.T) {
	crowdDrivers(t, func(t *testing.T, c driverCase) {
		proxy := startProxy(t, c)
		s := c.newStore(t, c.connect(t, c.dsn(t, proxy.Addr())))
		saves := manySaves(128)
		saveAll(t.Context(), s, saves, 1)
		proxy.Reset()
		const rounds = 8
		saveAll(t.Context(), s, saves, rounds)
		if n := proxy.Turns(); n > rounds*len(saves)/2 {
			t.Errorf("%d Saves of 128 at a time took %d round trips", rounds*len(saves), n)
		}
		for _, sv := range saves {
			if sv.err != nil {
				t.Fatal(sv.err)
			}
			got, err := s.Load(t.Context(), sv.id)
			if err != nil {
				t.Fatal(err)
			}
			if string(got.Data) != string(sv.rec.Data) || got.Owner != sv.rec.Owner || !got.Expires.Equal(sv.rec.Expires) || got.Version != sv.version {
				t.Errorf("%s: got %+v, want %+v", sv.id, got, sv.rec)
			}
		}
	})
}

func TestConformance_InACrowdEachSaveIsComparedAndSwapped(t *testing.T) {
	crowdDrivers(t, func(t *testing.T, c driverCase) {
		s := c.newStore(t, c.open(t))
		saves := manySaves(128)
		saveAll(t.Context(), s, saves, 1)
		var more []*save
		for i, sv := range saves {
			if sv.err != nil {
				t.Fatal(sv.err)
			}
			other := &save{id: sv.id, rec: sv.rec} // of two upon one version one wins
			if i%4 == 1 {
				other.rec.Version = 0 // there is one
			}
			more = append(more, other)
		}
		saveAll(t.Context(), s, append(saves, more...), 1)
		for i, sv := range saves {
			won := 0
			for _, one := range []*save{sv, more[i]} {
				switch {
				case one.err == nil:
					won++
					if got, err := s.Load(t.Context(), sv.id); err != nil || got.Version != one.version {
						t.Errorf("%s: got version %d (%v), want %d", sv.id, got.Version, err, one.version)
					}
				case !errors.Is(one.err, store.ErrConflict):
					t.Errorf("%s: %v", sv.id, one.err)
				}
			}
			if won != 1 || i%4 == 1 && sv.err != nil {
				t.Errorf("%s: %d Saves of 2 won (%v, %v)", sv.id, won, sv.err, more[i].err)
			}
		}
	})
}

func TestConformance_ARowThatATransactionHoldsHoldsUpNobodyElse(t *testing.T) {
	crowdDrivers(t, func(t *testing.T, c driverCase) {
		db := c.open(t)
		s := c.newStore(t, db)
		saves := manySaves(96)
		saveAll(t.Context(), s, saves, 1)
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		const held = 3 // PgBouncer has four connections to the server here, and each that waits takes one
		for _, sv := range saves[:held-1] {
			if _, err := s.Save(sqlstore.WithTx(t.Context(), tx), sv.id, sv.rec); err != nil {
				t.Fatal(err)
			}
		}
		var waiting sync.WaitGroup
		waiting.Go(func() { saveAll(t.Context(), s, saves[:held-1], 1) })
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		saveAll(ctx, s, saves[held-1:], 10)
		for _, sv := range saves[held-1:] {
			if sv.err != nil {
				t.Errorf("%s, which nobody holds: %v", sv.id, sv.err)
			}
		}
		tx.Rollback()
		waiting.Wait()
		for _, sv := range saves[:held-1] {
			if sv.err != nil {
				t.Errorf("%s, after the transaction: %v", sv.id, sv.err)
			}
		}
	})
}

// A trigger stands for whatever the database may find wrong with one row.
func TestConformance_ARowThatTheDatabaseRefusesSpoilsNoOther(t *testing.T) {
	crowdDrivers(t, func(t *testing.T, c driverCase) {
		db := c.open(t)
		table := newTable()
		s := c.store(t, db, sqlstore.Options{Table: table})
		if err := s.Create(t.Context()); err != nil {
			t.Fatal(err)
		}
		execute(t, db, fmt.Sprintf(`CREATE FUNCTION refuse_%[1]s() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN IF NEW.owner = ''bad'' THEN RAISE EXCEPTION ''no'' USING ERRCODE = ''22000''; END IF; RETURN NEW; END'`, table))
		execute(t, db, fmt.Sprintf(`CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON %[1]s FOR EACH ROW EXECUTE FUNCTION refuse_%[1]s()`, table))
		saves := manySaves(96)
		saves[40].rec.Owner, saves[70].rec.Owner = "bad", "bad"
		for range 4 {
			saveAll(t.Context(), s, saves, 1)
			for i, sv := range saves {
				if bad := i == 40 || i == 70; bad != (sv.err != nil) {
					t.Errorf("%s: got %v", sv.id, sv.err)
				}
			}
		}
	})
}

// Whatever is lost in a crowd: who was told that a Save is kept finds it, and who
// was told of a conflict had one.
func TestConformance_AnswersLostToACrowdLeaveItOpenForEach(t *testing.T) {
	crowdDrivers(t, func(t *testing.T, c driverCase) {
		proxy := startProxy(t, c)
		far, near := c.connect(t, c.dsn(t, proxy.Addr())), c.open(t)
		table := newTable()
		s := c.store(t, near, sqlstore.Options{Table: table})
		if err := s.Create(t.Context()); err != nil {
			t.Fatal(err)
		}
		saves := manySaves(96)
		saveAll(t.Context(), s, saves, 1)
		lost := 0
		for range 6 {
			before := map[string]uint64{}
			for _, sv := range saves {
				got, err := s.Load(t.Context(), sv.id)
				if err != nil {
					t.Fatal(err)
				}
				before[sv.id], sv.rec.Version = got.Version, got.Version
			}
			proxy.Lose(5, false)
			saveAll(t.Context(), c.store(t, far, sqlstore.Options{Table: table}), saves, 1)
			proxy.LoseNone()
			for _, sv := range saves {
				if sv.err != nil {
					lost++
				}
				if errors.Is(sv.err, store.ErrConflict) || errors.Is(sv.err, store.ErrRefused) || errors.Is(sv.err, store.ErrFull) {
					t.Errorf("%s: got %v, want an error that leaves it open", sv.id, sv.err)
				}
				eventually(t, func() error {
					got, err := s.Load(t.Context(), sv.id)
					if err == nil && sv.err == nil && got.Version != sv.version {
						err = fmt.Errorf("%s was acknowledged, and is not there", sv.id)
					}
					return err
				})
			}
		}
		if lost == 0 {
			t.Error("no answer was lost")
		}
	})
}

// A Save that waits for somebody else's statement is not sent by itself too.
func TestConformance_WhoStaysInACrowdIsSentOnce(t *testing.T) {
	c := driverByName("pgx")
	proxy := startProxy(t, c)
	s := c.newStore(t, c.connect(t, c.dsn(t, proxy.Addr())))
	saves := manySaves(64)
	saveAll(t.Context(), s, saves, 1)
	var all sync.WaitGroup
	all.Go(func() { saveAll(t.Context(), s, saves, 100) })
	for range 5 {
		time.Sleep(10 * time.Millisecond) // in the middle of it
		proxy.Hold()
		time.Sleep(100 * time.Millisecond) // longer than anybody waits for a turn
		proxy.Release()
	}
	all.Wait()
	for _, sv := range saves {
		if sv.err != nil {
			t.Errorf("%s: got %v", sv.id, sv.err)
		}
	}
}

// A Save whose context is done does not keep the bytes it was given: here the
// statement that it is in waits for the pool's only connection, which waits for a
// row.
func TestConformance_WhoLeavesACrowdTakesItsBytesAlong(t *testing.T) {
	c := driverByName("pgx")
	db, other := c.open(t), c.open(t)
	table := newTable()
	s := c.store(t, db, sqlstore.Options{Table: table})
	if err := s.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	lock := func(where string) *sql.Tx {
		tx, err := other.BeginTx(t.Context(), nil)
		if err == nil {
			_, err = tx.ExecContext(t.Context(), "SELECT FROM "+table+" WHERE "+where+" FOR UPDATE")
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { tx.Rollback() })
		return tx
	}
	saves := manySaves(6) // four take the lanes, one leads, one leaves
	saveAll(t.Context(), s, saves, 1)
	db.SetMaxOpenConns(1)
	for range 5 {
		first, rest := lock("id = 'id0'"), lock("id IN ('id1', 'id2', 'id3')")
		var all sync.WaitGroup
		waited := db.Stats().WaitCount
		for i, sv := range saves[:4] { // the first has the connection, the others wait for it
			all.Go(func() { saveAll(t.Context(), s, []*save{sv}, 1) })
			eventually(t, func() error {
				if st := db.Stats(); st.InUse != 1 || st.WaitCount-waited != int64(i) {
					return fmt.Errorf("%+v", st)
				}
				return nil
			})
		}
		short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		all.Go(func() { saveAll(t.Context(), s, saves[4:5], 1) })
		time.Sleep(5 * time.Millisecond) // it comes first, and so it leads
		leaver := saves[5]
		leaver.rec.Data = []byte("whole")
		left := make(chan bool)
		go func() {
			_, leaver.err = s.Save(short, leaver.id, leaver.rec)
			copy(leaver.rec.Data, "other")
			close(left)
		}()
		time.Sleep(10 * time.Millisecond) // until both wait in the crowd
		first.Rollback()
		<-left
		cancel()
		rest.Rollback()
		all.Wait()
		got, err := s.Load(t.Context(), leaver.id)
		if err != nil || leaver.err == nil || string(got.Data) == "other" {
			t.Errorf("who left (%v) has saved %q (%v)", leaver.err, got.Data, err)
		}
		leaver.rec.Version = got.Version
	}
}
