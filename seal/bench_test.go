package seal_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/sojourn-go/session/seal"
)

var benchSizes = []int{100, 200, 1024, 3072}

func BenchmarkSeal(b *testing.B) {
	s := daySealer(b, annText)
	for _, size := range benchSizes {
		plain, dst := make([]byte, size), make([]byte, 0, seal.Size(size))
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Seal(dst, plain, noon)
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	s := daySealer(b, annText)
	for _, size := range benchSizes {
		text := string(s.Seal(nil, make([]byte, size), noon))
		dst := make([]byte, 0, len(text))
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Open(dst, text, noon); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The floor: the cipher alone, with the same nonces, without text.
func BenchmarkRawSeal(b *testing.B) { benchRaw(b, false) }
func BenchmarkRawOpen(b *testing.B) { benchRaw(b, true) }

func benchRaw(b *testing.B, open bool) {
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		b.Fatal(err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range benchSizes {
		plain, dst := make([]byte, size), make([]byte, 0, size+gcm.Overhead())
		sealed := gcm.Seal(nil, nil, plain, nil)
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !open {
					gcm.Seal(dst, nil, plain, nil)
				} else if _, err := gcm.Open(dst, nil, sealed, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What a stranger can make us do with one request.
func BenchmarkOpenRefused(b *testing.B) {
	s := daySealer(b, annText)
	text := string(s.Seal(nil, make([]byte, 200), noon))
	dst := make([]byte, 0, len(text))
	for name, bad := range map[string]string{
		"wrong tag":    forge(b, text, hourOf(noon)),
		"made up hour": forge(b, text, hourOf(noon)-1),
		"stale hour":   forge(b, text, hourOf(noon)-100),
		"unknown key":  string(daySealer(b, bobText).Seal(nil, make([]byte, 200), noon)),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = s.Open(dst, bad, noon)
			}
		})
	}
}

func BenchmarkParallel(b *testing.B) {
	s := daySealer(b, annText)
	b.RunParallel(func(pb *testing.PB) {
		plain, text, dst := make([]byte, 200), make([]byte, 0, 400), make([]byte, 0, 400)
		now := time.Now()
		for pb.Next() {
			text = s.Seal(text[:0], plain, now)
			if _, err := s.Open(dst, string(text), now); err != nil {
				b.Error(err)
			}
		}
	})
}
