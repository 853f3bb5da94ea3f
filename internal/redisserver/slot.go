package redisserver

import "strings"

// slots is how many there are in a cluster.
const slots = 16384

// Slot returns the slot of a key in a cluster: 0 to 16383. Of a key with a part
// in braces that is not empty, that part alone counts.
func Slot(key string) int {
	if _, rest, ok := strings.Cut(key, "{"); ok {
		if tag, _, ok := strings.Cut(rest, "}"); ok && tag != "" {
			key = tag
		}
	}
	var crc uint16 // XMODEM: polynomial 0x1021, from 0
	for i := range len(key) {
		crc ^= uint16(key[i]) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			crc <<= 1
			if carry {
				crc ^= 0x1021
			}
		}
	}
	return int(crc) % slots
}
