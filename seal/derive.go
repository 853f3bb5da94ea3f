package seal

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	version   = 1
	headBytes = 1 + idBytes + 4
	headChars = headBytes / 3 * 4
	maxCached = 64
)

// A head says under which derived key a text is sealed.
type head struct{ id, hour uint32 }

func (h head) bytes() []byte {
	b := append(make([]byte, 0, headBytes), version)
	b = binary.BigEndian.AppendUint32(b, h.id)
	return binary.BigEndian.AppendUint32(b, h.hour)
}

// parseHead reads the head's 12 characters. It refuses every version but ours.
func (s *Sealer) parseHead(text string) (h head, ok bool) {
	var b [headBytes]byte
	ok = s.codec.decode(b[:], text)
	return head{binary.BigEndian.Uint32(b[1:]), binary.BigEndian.Uint32(b[1+idBytes:])}, ok && b[0] == version
}

// A master derives the keys of the hours from one Key.
type master struct {
	id     uint32
	expand func(info string) []byte // a function for the reason that Key.secret is one
}

func masterOf(k Key) master {
	prk := extract(k.secret())
	return master{
		id:     binary.BigEndian.Uint32(expand(prk, idInfo, idBytes)),
		expand: func(info string) []byte { return expand(prk, info, secretBytes) },
	}
}

func (s *Sealer) masterFor(id uint32) *master {
	for i := range s.masters {
		if s.masters[i].id == id {
			return &s.masters[i]
		}
	}
	return nil
}

// A derived key is good for one hour of one master. It never changes.
type derived struct {
	head
	text    [headChars]byte // the head, as every text begins
	context []byte
	aead    cipher.AEAD
}

func (s *Sealer) derive(m *master, h head) *derived {
	b := h.bytes()
	d := &derived{head: h, context: slices.Concat(b, s.binding)}
	s.codec.encode(d.text[:], b)
	block, err := aes.NewCipher(m.expand("sojourn seal" + string(d.context)))
	if err != nil {
		panic("seal: " + err.Error()) // unreachable: the key has 32 bytes
	}
	d.aead, err = cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("seal: " + err.Error()) // unreachable: AES has blocks of 16 bytes
	}
	return d
}

// A cache holds derived keys, at most 64, the newest hour first. It is read without a lock; whoever adds replaces the whole.
type cache struct {
	adding sync.Mutex
	list   atomic.Pointer[[]*derived]
}

func (c *cache) find(id, hour uint32) *derived {
	list := c.list.Load()
	if list == nil {
		return nil
	}
	for _, d := range *list {
		if d.hour == hour && d.id == id {
			return d
		}
	}
	return nil
}

// keep adds a derived key, under which we seal or a tag was verified: what a stranger names is not kept. When the cache is full
// the oldest hour goes, but not that of sealing, even if the clock was set back and it is the oldest.
func (c *cache) keep(d, sealing *derived) {
	c.adding.Lock()
	defer c.adding.Unlock()
	if c.find(d.id, d.hour) != nil {
		return // another goroutine was first
	}
	var list []*derived
	if old := c.list.Load(); old != nil {
		list = slices.Clone(*old)
	}
	list = append(list, d)
	slices.SortStableFunc(list, func(a, b *derived) int { return cmp.Compare(b.hour, a.hour) })
	if len(list) > maxCached {
		last := len(list) - 1
		if list[last] == sealing {
			last--
		}
		list = slices.Delete(list, last, last+1)
	}
	c.list.Store(&list)
}
