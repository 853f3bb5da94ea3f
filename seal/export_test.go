package seal

// CachedHours returns the hours of the derived keys that s holds, the newest
// first, since no answer of a Sealer shows them.
func CachedHours(s *Sealer) (hours []uint32) {
	if list := s.cache.list.Load(); list != nil {
		for _, d := range *list {
			hours = append(hours, d.hour)
		}
	}
	return hours
}

const MaxCached = maxCached

func EncodeText(src []byte) string {
	dst := make([]byte, encodedLen(len(src)))
	copy(dst[len(dst)-len(src):], src)
	base64url().encode(dst, dst[len(dst)-len(src):]) // as Seal does it, in place
	return string(dst)
}

func DecodeText(src string) ([]byte, bool) {
	dst := make([]byte, decodedLen(len(src)))
	return dst, base64url().decode(dst, src)
}
