package redisstore

import (
	"crypto/sha1"
	"encoding/hex"
)

// A script and the name under which a server remembers it. SHA-1 is Redis's
// choice; nothing is kept secret or proved by it.
type script struct {
	text, sha string
}

func newScript(text string) script {
	sum := sha1.Sum([]byte(text))
	return script{text, hex.EncodeToString(sum[:])}
}

// swap replaces a record of a version, or deletes it, and answers 1; or 0 if
// the record is of another version, has expired, or there is none.
//
//	KEYS[1]  the key
//	ARGV[1]  the version that it must have, 8 bytes; "" for: there must be none
//	ARGV[2]  the caller's now, Unix time in ms
//	ARGV[3]  the new string
//	ARGV[4]  how long it is to be kept, in ms; "" for ever, "-" not at all
//	ARGV[5]  how many bytes longer than the old one it may be on a full server;
//	         "" for: a full server may refuse it
//
// A full server refuses a SET of whatever size, but goes on with a script that has
// written already. So a write that matters, a logout above all, first writes
// that the record is kept for as long as it is already, and then what it wants.
//
// Errors are returned as the server's own, so that their first word can be
// relied on, with every version of Redis.
var swap = newScript(`
local head = redis.pcall('GETRANGE', KEYS[1], 0, 14)
if type(head) == 'table' then return head end
local version = ''
if head ~= '' or ARGV[1] == '' and redis.call('EXISTS', KEYS[1]) == 1 then
  if #head < 15 or string.byte(head, 1) ~= 65 then
    return redis.error_reply('WRONGTYPE the value is not a session of a format that is known here')
  end
  local a, b, c, d, e, f = string.byte(head, 10, 15)
  local ends = ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
  if ends == 0 or ends > tonumber(ARGV[2]) then version = string.sub(head, 2, 9) end
end
if version ~= ARGV[1] then return 0 end
local function write()
  if ARGV[4] == '-' then return redis.pcall('DEL', KEYS[1]) end
  if ARGV[4] == '' then return redis.pcall('SET', KEYS[1], ARGV[3]) end
  return redis.pcall('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
end
local done = write()
if ARGV[5] ~= '' and type(done) == 'table' and done.err and string.find(done.err, 'OOM', 1, true)
    and redis.call('STRLEN', KEYS[1]) + ARGV[5] >= #ARGV[3] then
  local left = redis.call('PTTL', KEYS[1])
  if left > 0 then redis.call('PEXPIRE', KEYS[1], left) else redis.call('PERSIST', KEYS[1]) end
  done = write()
end
if type(done) == 'table' and done.err then return done end
return 1
`)

// call returns the command that runs the script as the server remembers it.
func (s script) call(key string, args ...string) Command {
	return s.command("EVALSHA", s.sha, key, args)
}

// teach returns the command that runs the script, and has the server remember
// it from then on.
func (s script) teach(key string, args ...string) Command {
	return s.command("EVAL", s.text, key, args)
}

func (s script) command(name, script, key string, args []string) Command {
	all := make([]string, 0, 4+len(args))
	all = append(all, name, script, "1", key)
	return Command{Args: append(all, args...), Key: 3}
}
