package clienttest_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sojourn-go/session/store/redisstore"
)

// A fault breaks a client, and with it a sentence of the contract.
type fault struct {
	what     string
	sentence string
	inject   func(*broken)
}

// faults are ways to get a client wrong. Each sentence of the contract has at
// least one.
var faults = slices.Concat(faultsOfReplies, faultsOfRefusals, faultsOfArguments, faultsOfOwnership,
	faultsOfCallers, faultsOfContexts, faultsOfPinning, faultsOfClusters)

var errNil = errors.New("nil reply")

var faultsOfReplies = []fault{
	{"a nil reply is an error",
		"a nil reply is nil, and no error",
		answering(func(value any, err error) (any, error) {
			if value == nil && err == nil {
				err = errNil
			}
			return value, err
		})},
	{"a nil reply is empty",
		"a nil reply is nil, and no error",
		onValues(func(value any) any {
			if value == nil {
				return ""
			}
			return value
		})},
	{"a bulk reply is something of the library's own",
		"a bulk reply is a string or bytes",
		onValues(func(value any) any {
			if text, ok := value.([]byte); ok {
				return bytes.NewBuffer(text)
			}
			return value
		})},
	{"a simple reply is bytes",
		"a simple reply is a string",
		onValues(func(value any) any {
			if text, ok := value.(string); ok {
				return []byte(text)
			}
			return value
		})},
	{"an integer is text",
		"an integer is an int64",
		onValues(func(value any) any {
			if n, ok := value.(int64); ok {
				return strconv.FormatInt(n, 10)
			}
			return value
		})},
	{"an integer is a float64",
		"an integer is an int64",
		onValues(func(value any) any {
			if n, ok := value.(int64); ok {
				return float64(n)
			}
			return value
		})},
	{"an array is one of texts",
		"an array is []any, of nil and arrays, too",
		onValues(func(value any) any {
			if all, ok := value.([]any); ok {
				return strings.Fields(fmt.Sprint(all...))
			}
			return value
		})},
	{"an array is without nil",
		"an array is []any, of nil and arrays, too",
		onValues(func(value any) any {
			if all, ok := value.([]any); ok {
				return slices.DeleteFunc(all, func(v any) bool { return v == nil })
			}
			return value
		})},
}

var faultsOfRefusals = []fault{
	{"a refusal is an error of the library's own",
		"a refusal is an Error, with its code",
		onErrors(func(err error) error { return errors.New(err.Error()) })},
	{"a refusal is an Error without its code",
		"a refusal is an Error, with its code",
		onErrors(func(err error) error { return redisstore.Error("refused: " + err.Error()) })},
	{"a refusal is a value",
		"a refusal is an Error, with its code",
		answering(func(value any, err error) (any, error) {
			if refusal, ok := errors.AsType[redisstore.Error](err); ok {
				return refusal, nil
			}
			return value, err
		})},
	{"a refusal is its code alone",
		"a refusal keeps its text",
		onErrors(func(err error) error {
			if refusal, ok := errors.AsType[redisstore.Error](err); ok {
				return redisstore.Error(refusal.Code())
			}
			return err
		})},
	{"a refusal that mentions MOVED is taken for one",
		"a refusal keeps its text",
		onErrors(func(err error) error {
			if strings.Contains(err.Error(), "MOVED") {
				return errors.New("moved too often")
			}
			return err
		})},
	{"a client closes its connection upon a refusal, and goes on with it",
		"a refusal ends nothing",
		func(b *broken) { b.do = closedAfterRefusal(b.do) }},
}
