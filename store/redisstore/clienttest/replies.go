package clienttest

import (
	"fmt"
	"strings"
)

// replies are what the server answers.
var replies = []rule{
	{"a nil reply is nil, and no error", func(c *check) {
		c.want(nil, 1, "GET", c.key())
		key := c.set("there")
		c.want(nil, 1, "SET", key, "another", "NX")
		c.want(bulk("there"), 1, "GET", key)
	}},

	{"a bulk reply is a string or bytes", func(c *check) {
		c.want(bulk("value"), 1, "GET", c.set("value"))
		c.want(bulk("OK"), 1, "GET", c.set("OK"))
	}},

	{"a simple reply is a string", func(c *check) {
		c.want("OK", 1, "SET", c.key(), "value", "PX", "60000")
		c.want("PONG", 0, "PING")
	}},

	{"an integer is an int64", func(c *check) {
		key := c.key()
		c.want(int64(0), 1, "EXISTS", key)
		c.want(int64(1<<63-1), 1, "INCRBY", key, "9223372036854775807")
		c.want(int64(-1<<63), 1, "INCRBY", c.take(key+" below"), "-9223372036854775808")
		c.want(int64(-2), 1, "PTTL", key+" none")
	}},

	{"an array is []any, of nil and arrays, too", func(c *check) {
		c.want([]any{int64(1), bulk("two"), nil, []any{int64(3), []any{}, bulk("")}, bulk("end")},
			3, "EVAL", "return {1, 'two', false, {3, {}, ''}, 'end'}", "1", c.key())
		c.want([]any{}, 3, "EVAL", "return {}", "1", c.key())
		key := c.set("value")
		c.want([]any{bulk("value"), nil}, 1, "MGET", key, "{"+key+"} none")
	}},
}

// refusals are what the server answers instead.
var refusals = []rule{
	{"a refusal is an Error, with its code", func(c *check) {
		key := c.set("text")
		_, err := c.Do(c.ctx, about(1, "LPUSH", key, "element"))
		c.refused("WRONGTYPE", err, "LPUSH onto a string")
		_, err = c.Do(c.ctx, about(3, "EVALSHA", strings.Repeat("0", 40), "1", key))
		c.refused("NOSCRIPT", err, "EVALSHA of nothing")
		_, err = c.Do(c.ctx, about(1, "SET", key, "value", "PX", "never"))
		c.refused("ERR", err, "SET with a fault")
	}},

	{"a refusal keeps its text", func(c *check) {
		_, err := c.Do(c.ctx, about(3, "EVAL", "return redis.error_reply('FULL of  this: MOVED?')", "1", c.key()))
		refusal := c.refused("FULL", err, "a script that refuses")
		if got, want := strings.TrimPrefix(string(refusal), "-"), "FULL of  this: MOVED?"; got != want {
			c.failf("a script that refuses: got %q, want %q", got, want)
		}
	}},

	{"a refusal ends nothing", func(c *check) {
		key := c.set("text")
		for range 50 {
			_, err := c.Do(c.ctx, about(1, "LPUSH", key, "element"))
			c.refused("WRONGTYPE", err, "LPUSH onto a string")
			c.want(bulk("text"), 1, "GET", key)
		}
	}},
}

// arguments are what a command may be made of.
var arguments = []rule{
	{"a value may be any bytes", func(c *check) {
		var all [256]byte
		for i := range all {
			all[i] = byte(i)
		}
		for _, value := range []string{string(all[:]), "\r\n", "$-1\r\n", "a\r\n+OK\r\n", "\x00", "\xff\xfe", "nil", "\"quoted\" 'words'"} {
			c.want(bulk(value), 1, "GET", c.set(value))
		}
	}},

	{"a value may be empty", func(c *check) {
		c.want(bulk(""), 1, "GET", c.set(""))
	}},

	{"a value of 1 MiB is kept to the last byte", func(c *check) {
		value := strings.Repeat("0123456789abcde\n", 1<<20/16)
		c.want(bulk(value), 1, "GET", c.set(value))
	}},

	{"a value that looks like something else stays what it is", func(c *check) {
		for _, value := range []string{"007", "1e3", "-0", "0x10", "1.0", "18446744073709551616", " 1 ", "true", "null", "{}"} {
			c.want(bulk(value), 1, "GET", c.set(value))
		}
	}},

	{"a key may be any bytes", func(c *check) {
		parts := []string{"", "a b", "\r\n", "\r", "\x00", "\x00\xff", "\xff", "\xfe", "{", "}{", "{}", "{tag}", "*?[a]", "ü", "Ü"}
		prefix := c.key()
		for _, part := range parts {
			c.want("OK", 1, "SET", c.take(prefix+part), part)
		}
		for _, part := range parts {
			c.want(bulk(part), 1, "GET", prefix+part)
		}
	}},

	{"a command goes to the server of its key, wherever that stands", func(c *check) {
		for i := range 30 {
			key, value := c.key(), fmt.Sprint("value ", i)
			c.want("OK", 1, "SET", key, value)
			c.want(bulk(value), 3, "EVAL", "return redis.call('GET', KEYS[1])", "1", key)
			c.want(bulk("raw"), 2, "OBJECT", "ENCODING", c.set(strings.Repeat("long ", 20)))
		}
	}},

	{"a command is carried out once", func(c *check) {
		key := c.key()
		for i := range 50 {
			c.want(int64(i+1), 1, "INCR", key)
		}
	}},
}
