package main

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"sync"
)

// An account is a name that wants a password. Every other name is a guest's, and
// wants none.
type account struct {
	name    string
	initial string // the password at the start, which the login page shows

	salt, hash []byte // of the present one
	changes    uint64
}

// accounts are all there are. They are kept in memory, so that with the program
// every change is forgotten.
type accounts struct {
	mu  sync.Mutex
	all []account
}

// Of the passwords that everybody may know the salts are known as well; a new
// password gets one of its own.
func newAccounts() *accounts {
	return &accounts{all: []account{
		{
			name: "Ada", initial: "analytical engine",
			salt: plainBytes("7LOlv9d0YWaWijdk+5GOFg"), hash: plainBytes("UOvNB/zCK+N1dPI27op68Kf7+1GGoYyiymhecR0hehg"),
		},
		{
			name: "Grace", initial: "nanosecond wire",
			salt: plainBytes("LCjLmt/4l/1+SkqrOtfG8Q"), hash: plainBytes("999pDuLx1Vs38pgVlGSUXVzSiePM9B0vztwZDzJmcZk"),
		},
	}}
}

func plainBytes(text string) []byte {
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		panic(err) // it is part of this program
	}
	return b
}

// rounds makes a guess expensive: what OWASP's Password Storage Cheat Sheet asks
// of PBKDF2 with SHA-256. A program that is no demonstration counts wrong
// guesses, too.
const rounds = 600_000

func hashOf(password string, salt []byte) []byte {
	hash, err := pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
	if err != nil {
		panic(err) // the numbers are ours
	}
	return hash
}

// opens reports whether the password is the account's.
func (a account) opens(password string) bool {
	return subtle.ConstantTimeCompare(hashOf(password, a.salt), a.hash) == 1
}

// list returns the accounts as they are now, in order.
func (as *accounts) list() []account {
	as.mu.Lock()
	defer as.mu.Unlock()
	return append([]account(nil), as.all...)
}

// find returns the account of a name, in whatever letters it was typed.
func (as *accounts) find(name string) (account, bool) {
	for _, a := range as.list() {
		if strings.EqualFold(a.name, name) {
			return a, true
		}
	}
	return account{}, false
}

// change gives an account that was found another password, and reports whether
// that was done: not if somebody else was quicker.
func (as *accounts) change(old account, password string) (changed account, ok bool) {
	changed = old
	changed.salt = make([]byte, len(old.salt))
	rand.Read(changed.salt)
	changed.hash = hashOf(password, changed.salt)
	changed.changes++
	return changed, as.swap(old, changed)
}

// undo takes a change back, and so is one more.
func (as *accounts) undo(old, changed account) {
	old.changes = changed.changes + 1
	as.swap(changed, old)
}

func (as *accounts) swap(from, to account) bool {
	as.mu.Lock()
	defer as.mu.Unlock()
	for i, a := range as.all {
		if a.name == from.name && a.changes == from.changes {
			as.all[i] = to
			return true
		}
	}
	return false
}

// epoch is the Options.Epoch of sealed sessions: all sessions of an owner end
// with the change of the password.
func (as *accounts) epoch(_ context.Context, owner string) (uint64, error) {
	a, _ := as.find(owner)
	return 1 + a.changes, nil
}
