package rueidis

import (
	"errors"
	"strings"

	"github.com/redis/rueidis"

	"github.com/sojourn-go/session/store/redisstore"
)

// answer returns what rueidis came to as the contract of redisstore.Client has
// it. The bytes of a GET are those that rueidis has read from the network, and
// has handed to nobody else.
func answer(r rueidis.RedisResult, get bool) (any, error) {
	if err := r.Error(); err != nil {
		return nil, fault(err)
	}
	if get {
		return r.AsBytes()
	}
	m, err := r.ToMessage()
	if err != nil {
		return nil, fault(err)
	}
	return value(m)
}

// fault is nil for a nil reply, which rueidis has as an error.
func fault(err error) error {
	if rueidis.IsRedisNil(err) {
		return nil
	}
	if refused, ok := errors.AsType[*rueidis.RedisError](err); ok {
		return redisstore.Error(coded(refused.Error()))
	}
	return err
}

// coded returns the text of a refusal with its code. rueidis leaves out ERR, the
// commonest one. Before Redis 7 a script puts one more "-" before what it hands
// on.
func coded(text string) string {
	text = strings.TrimPrefix(text, "-")
	code, _, _ := strings.Cut(text, " ")
	if code == "" || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "ERR " + text
	}
	return text
}

// value returns a reply, what RESP3 knows and RESP2 does not as RESP2 has it.
func value(m rueidis.RedisMessage) (any, error) {
	if err := m.Error(); err != nil {
		return nil, fault(err)
	}
	switch {
	case m.IsInt64():
		return m.ToInt64()
	case m.IsArray():
		return values(m.ToArray())
	case m.IsMap():
		return pairs(m.ToMap())
	case m.IsBool():
		yes, err := m.ToBool()
		if yes {
			return int64(1), err
		}
		return int64(0), err
	}
	return m.ToString()
}

func values(all []rueidis.RedisMessage, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	list := make([]any, len(all))
	for i, m := range all {
		v, err := value(m)
		if err != nil {
			v = err // of this element alone
		}
		list[i] = v
	}
	return list, nil
}

func pairs(all map[string]rueidis.RedisMessage, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	list := make([]any, 0, 2*len(all))
	for name, m := range all {
		v, err := value(m)
		if err != nil {
			v = err
		}
		list = append(list, name, v)
	}
	return list, nil
}
