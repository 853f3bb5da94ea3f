package storetest_test

import (
	"context"

	"github.com/sojourn-go/session/store"
)

var faultsOfOwnership = []fault{
	{"Save keeps rec.Data",
		"Save does not keep rec.Data: the caller may change it at once",
		func(s *broken) {
			save := s.save
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				version, err := save(ctx, id, rec)
				s.mu.Lock()
				defer s.mu.Unlock()
				if stored := s.records[id]; err == nil {
					stored.Data = rec.Data
					s.records[id] = stored
				}
				return version, err
			}
		}},
	{"Load returns the stored bytes",
		"Load returns bytes that nobody else holds",
		func(s *broken) {
			load := s.load
			s.load = func(ctx context.Context, id string) (store.Record, error) {
				rec, err := load(ctx, id)
				s.mu.Lock()
				defer s.mu.Unlock()
				if err == nil {
					rec.Data = s.records[id].Data
				}
				return rec, err
			}
		}},
	{"Load returns bytes with room behind them that is another's",
		"Load returns bytes that nobody else holds",
		func(s *broken) {
			load, save := s.load, s.save
			arena := make([]byte, 0, 1<<22)
			at := map[uint64][2]int{}
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				version, err := save(ctx, id, rec)
				s.mu.Lock()
				defer s.mu.Unlock()
				at[version] = [2]int{len(arena), len(rec.Data)}
				arena = append(arena, rec.Data...)
				return version, err
			}
			s.load = func(ctx context.Context, id string) (store.Record, error) {
				rec, err := load(ctx, id)
				s.mu.Lock()
				defer s.mu.Unlock()
				if p := at[rec.Version]; err == nil {
					rec.Data = arena[p[0] : p[0]+p[1]]
				}
				return rec, err
			}
		}},
	{"Save writes into the bytes that Load returned",
		"a Save leaves alone what was loaded before",
		func(s *broken) {
			load, save := s.load, s.save
			buffers := map[string][]byte{}
			s.load = func(ctx context.Context, id string) (store.Record, error) {
				rec, err := load(ctx, id)
				s.mu.Lock()
				defer s.mu.Unlock()
				if err == nil && len(rec.Data) > 16 { // those of one caller at a time
					buffers[id] = rec.Data
				}
				return rec, err
			}
			s.save = func(ctx context.Context, id string, rec store.Record) (uint64, error) {
				version, err := save(ctx, id, rec)
				s.mu.Lock()
				defer s.mu.Unlock()
				if err == nil {
					copy(buffers[id], rec.Data)
				}
				return version, err
			}
		}},
}
