package clienttest

import (
	"context"

	"github.com/sojourn-go/session/store/redisstore"
)

// Sentences returns the sentences of the contract.
func Sentences() []string {
	var all []string
	for _, subject := range contract {
		for _, r := range subject.rules {
			all = append(all, r.sentence)
		}
	}
	return all
}

// Check holds a client to one of the sentences.
func Check(ctx context.Context, sentence string, c redisstore.Client) error {
	for _, subject := range contract {
		for _, r := range subject.rules {
			if r.sentence == sentence {
				return r.check(ctx, c)
			}
		}
	}
	panic("no sentence of the contract: " + sentence)
}
