package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/sojourn-go/session/seal"
)

// keyVariable is the environment variable that may hold the keys. A flag that
// held them would show them to everybody on the machine who lists processes.
const keyVariable = "SOJOURN_KEY"

// keys returns the keys for sealing, and says in the log where they are from.
func (d *demoFlags) keys(log *slog.Logger) (seal.Keys, error) {
	text, from, err := d.keyText()
	if err != nil {
		return seal.Keys{}, err
	}
	keys, err := parseKeys(text)
	if err != nil {
		return seal.Keys{}, fmt.Errorf("-store sealed: the keys from %s: %w", from, err)
	}
	log.Info("sessions are sealed in their cookies", "keys", keys, "from", from)
	return keys, nil
}

// keyText returns the text of the keys, and where it is from.
func (d *demoFlags) keyText() (text, from string, err error) {
	if d.key != "" {
		data, err := os.ReadFile(d.key)
		if err != nil {
			return "", "", fmt.Errorf("-key: %w", err)
		}
		return string(data), d.key, nil
	}
	if text := os.Getenv(keyVariable); text != "" {
		return text, "$" + keyVariable, nil
	}
	from, err = ownKeyFile()
	if err != nil {
		return "", "", err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return "", "", fmt.Errorf("-store sealed: %w", err)
	}
	return string(data), from, nil
}

// parseKeys reads keys, each a word: the first seals, all open.
func parseKeys(text string) (seal.Keys, error) {
	var all []seal.Key
	var faults []error
	for i, word := range strings.Fields(text) {
		key, err := seal.ParseKey(word)
		if err != nil {
			faults = append(faults, fmt.Errorf("key %d: %w", i+1, err))
			continue
		}
		all = append(all, key)
	}
	if len(all) == 0 && len(faults) == 0 {
		faults = append(faults, errors.New(`there is none: make one with "sojourn keygen"`))
	}
	if len(faults) > 0 {
		return seal.Keys{}, errors.Join(faults...)
	}
	return seal.NewKeys(all[0], all[1:]...)
}

// ownKeyFile returns the path of the file in the user's configuration directory
// that holds the demo's key, so that a restart signs nobody out. It is made if
// it is not there.
func ownKeyFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("-store sealed: there is no place for a key (%w): give one with -key or $%s", err, keyVariable)
	}
	path := filepath.Join(dir, "sojourn", "key")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	if err := makeKeyFile(path); err != nil {
		return "", fmt.Errorf("-store sealed: a key cannot be kept (%w): give one with -key or $%s", err, keyVariable)
	}
	return path, nil
}

// makeKeyFile writes a new key. It appears whole or not at all, and of two demos
// that start at once one makes it.
func makeKeyFile(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "key-*") // only its owner may read it
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = fmt.Fprintln(f, seal.NewKey().Text())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
