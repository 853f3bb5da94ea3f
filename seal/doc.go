// Package seal encrypts and authenticates small texts that a stranger keeps for us: the values of cookies.
//
// A [Key] is made by [NewKey], travels as one line of text, and is read back by [ParseKey]. [Keys] are one or more of them: the
// first seals, all open, so that a key is replaced without signing anybody out. A [Sealer] is what does the work, for one purpose
// and one name.
//
// # The text
//
// A sealed text is base64url without padding (RFC 4648, section 5), and so made of cookie-octets only, of these bytes:
//
//	offset  bytes  what
//	0       1      1, the version of this format; any other version fails
//	1       4      the id of the key
//	5       4      the hour in which it was sealed, since 1970 in UTC, big-endian
//	9       12     the nonce, random
//	21      n      the plaintext, encrypted
//	21+n    16     the tag
//
// The first nine bytes are the head; 12 characters of text. Every text has one spelling only: newlines, padding and stray
// bits at the end fail. For n bytes the text has [Size] characters: 316 for 200 bytes.
//
// The cipher is AES-256-GCM (NIST SP 800-38D), under a key for each hour derived by HKDF-SHA256 (RFC 5869, no salt):
//
//	context = head || len(purpose) || purpose || len(name) || name     (each length is one byte)
//	key     = HKDF(secret, info = "sojourn seal" || context, 32 bytes)
//
// The context is the associated data as well. So what a text is bound to is said twice: texts of another purpose, name, hour or
// key do not even share a key with this one. The id of a key is the 4 bytes of HKDF(secret, info = "sojourn key id").
//
// # What it protects, and what not
//
// Nobody without the key can read a text, make one, or change one character of one. A text opens for its own purpose and name
// only, and for no longer than the longest lifetime that the Sealer was made for, counted in whole hours: at most one hour more.
// Whoever needs the exact end puts it inside. A text that does not open gives [ErrSealed], always the same, with nothing
// in it: there is no other format, no older cipher and no plaintext to fall back to.
//
// It does not protect against replay: who has a text can present it again, and can present an older text in place of a newer
// one. It does not hide the length of the plaintext, the hour or the key's id; nothing is compressed, so the length
// says nothing of the contents beyond itself. How long a failure takes may tell a stranger which of these public parts was
// wrong: a text whose head cannot be ours is refused at once. Whether it was the tag that was wrong, or why, it does not tell.
//
// # Limits
//
// Random nonces of 96 bits are good for 2^32 messages under one key (SP 800-38D, section 8.3). Here one key lasts for an hour of
// one purpose, name and master key: 1.19 million texts in each second. A text is at most [MaxText] characters long.
// The tag is always 16 bytes; nonces come from crypto/cipher's own GCM with random nonces, which is the one that FIPS 140
// approves.
//
// A Sealer keeps at most 64 derived keys, only those that it seals under or has verified a tag under, so a stranger who makes up hours
// pays for nothing but his own request: one derivation each. Hours before the longest lifetime, or more than five minutes ahead, are
// refused before any derivation.
//
// These are the rules of ASVS 5.0, chapter 11.3 (approved ciphers and modes, authenticated encryption, nonces used
// once), and of 11.2.2 (keys can be replaced) and 11.2.5 (it fails closed).
package seal
