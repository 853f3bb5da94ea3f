package main

import (
	"encoding/base64"
	"encoding/binary"
	"math/rand/v2"
	"strconv"
	"time"
)

const dataLen = 100

// Session i of a store is made of nothing but i, so that none has to be
// remembered, beside the store, to know what must be in it.

// idOf returns what a library would keep session i under: length characters
// of base64url.
func idOf(i, length int) string {
	var raw [48]byte
	scatter(raw[:], uint64(i)<<8)
	var text [64]byte
	base64.RawURLEncoding.Encode(text[:], raw[:])
	return string(text[:length])
}

func dataOf(i int) []byte {
	data := make([]byte, dataLen)
	scatter(data, uint64(i)<<8|128)
	return data
}

// ownerOf gives every tenth session an owner.
func ownerOf(i int) string {
	if i%10 != 0 {
		return ""
	}
	return "user-" + strconv.Itoa(i)
}

// isDue tells which sessions are made due at once: a tenth of those with an
// owner, and of those without.
func isDue(i int) bool { return i/10%10 == 3 }

func countDue(n int) (due int) {
	for i := range n {
		if isDue(i) {
			due++
		}
	}
	return due
}

// farEnd is when session i expires unless it is made due: some time of the
// day after tomorrow.
func farEnd(start time.Time, i int) time.Time {
	return start.Add(24*time.Hour + time.Duration(mix(uint64(i))%uint64(24*time.Hour)))
}

// scatter fills b with bytes that look random (splitmix64).
func scatter(b []byte, seed uint64) {
	var word [8]byte
	for len(b) > 0 {
		binary.LittleEndian.PutUint64(word[:], mix(seed))
		seed++
		b = b[copy(b, word[:]):]
	}
}

func mix(z uint64) uint64 {
	z = (z + 1) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// sampleOf returns k of the numbers below n at random, always the same.
func sampleOf(n, k int) []int {
	random := rand.New(rand.NewPCG(1, 2))
	sample := make([]int, min(k, n))
	for i := range sample {
		sample[i] = random.IntN(n)
	}
	return sample
}
