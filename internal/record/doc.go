// Package record is the flat binary format of what sessions keep in a store.
//
// A record is read where it lies: [Parse] checks it once, and from then on the header's fields are single loads, and one value is
// found among any number of them without looking at the others. A record is never changed: [Build] and [Patch] write another.
//
// # Layout
//
// Integers are little-endian. Times are Unix milliseconds, durations milliseconds.
//
//	offset  bytes  what
//	0       1      0xF8 + format. No text begins with such a byte, nor do gob, CBOR or MessagePack data of the usual kinds,
//	               so that what another program left under an id is corrupt to us, not of a newer format
//	1       1      kind
//	2       1      level
//	3       1      flags: 1 persistent, 2 a secret is there, 4 extensions are there; the others are kept as they are
//	4       1      how many stamps (low four bits) and replaced secrets (high four bits), 0 to 4 each
//	5       3      n, how many values
//	8       8      seen
//	16      8      writes
//	24      8      created
//	32      8      authenticated
//	40      8      end
//	48      8      idle
//	56      8      lifetime
//	64      8      generation
//	72      8 each stamps, the oldest first
//	        32     the hash of the secret, if there is one
//	        40 each replaced secrets, the oldest first: hash, until
//	        2      if there are extensions: how many bytes they take
//	        ...    extensions, in order of tag: tag (1 byte), length (2 bytes), bytes; 1 is the client of the login, 2 since when
//	               the login is stale, 3 how the secret was rotated; others are kept as they are
//	        8 each n entries, one a value: end (4 bytes), length of the name (2 bytes), tag of the name (2 bytes)
//	        ...    n times name and value, without anything between them; an entry's end counts from the first name
//
// Seen, writes and stamps stand together since they are what [Same] leaves aside and [Touch] replaces. The secret is left out where
// there is none, as in a sealed session, where every byte travels with every request.
//
// The tag of a name is a hash of it, and the entries are sorted by tag, length and bytes of the name. Since tags are evenly spread, an entry
// is found by interpolation: the place of a name follows from its tag, and two or three loads confirm it. An index of any other
// kind would have to be rewritten when a value comes or goes; this one is merely longer or shorter by eight bytes.
//
// The encoding is canonical: a header and a set of values have one encoding only, and Parse refuses any other. So two records
// are the same if their bytes are.
//
// # Versions
//
// A program reads records of its own format and of older ones. A later program may add extensions and flags to the format without
// raising it, if one that does not know them may ignore them: they survive a write by the older program. Whatever must not be
// ignored raises the format, or is a new kind; Parse answers both with [*VersionError], so that a rolling deploy loses nothing.
package record
