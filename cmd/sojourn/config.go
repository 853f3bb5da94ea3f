package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
)

// A config is what a file says of session.Options.
type config struct {
	options session.Options
	sealed  bool
}

// A setting reads one field of a file. Its faults begin with the field's name.
type setting func(name string, value json.RawMessage) error

// settings are the fields of session.Options that are data, by their names in
// Go, and whether the sessions are sealed. Of a function the file can only say
// that there is one.
func (c *config) settings() map[string]setting {
	o := &c.options
	return map[string]setting{
		"sealed":        plain(&c.sealed, "true or false"),
		"Name":          plain(&o.Name, "a string"),
		"Cookie":        object(cookieSettings(&o.Cookie)),
		"Idle":          duration(end(&o.Idle), `such as "30m", or "never"`),
		"Lifetime":      duration(end(&o.Lifetime), `such as "24h", or "never"`),
		"Timeout":       duration(length(&o.Timeout), `such as "5s"`),
		"MaxRecord":     plain(&o.MaxRecord, "a whole number"),
		"Level":         plain(&o.Level, "a whole number, 1 to 3"),
		"Deviations":    reasons(&o.Deviations),
		"Limit":         plain(&o.Limit, "a whole number"),
		"OverLimit":     word(&o.OverLimit, map[string]session.OverLimit{"EndOldest": session.EndOldest, "DenyNew": session.DenyNew}),
		"ClearSiteData": plain(&o.ClearSiteData, "a list of strings"),
		"Rotate":        duration(length(&o.Rotate), `such as "15m"`),
		"Fork": word(&o.Fork, map[string]session.Fork{
			"ForkReport": session.ForkReport, "ForkStale": session.ForkStale, "ForkEnd": session.ForkEnd,
		}),
		"Strict":    plain(&o.Strict, "true or false"),
		"Insecure":  plain(&o.Insecure, "true or false"),
		"Client":    function(func() { o.Client = func(*http.Request) session.Client { return session.Client{} } }),
		"Epoch":     function(func() { o.Epoch = func(context.Context, string) (uint64, error) { return 1, nil } }),
		"NotBefore": function(func() { o.NotBefore = func() time.Time { return time.Time{} } }),
		"Observe":   function(func() { o.Observe = func(context.Context, session.Event) {} }),
	}
}

// cookieSettings leaves out MaxAge and Expires, which session.New refuses.
func cookieSettings(a *cookie.Attrs) map[string]setting {
	return map[string]setting{
		"Path":       plain(&a.Path, "a string"),
		"Domain":     plain(&a.Domain, "a string"),
		"Insecure":   plain(&a.Insecure, "true or false"),
		"Scriptable": plain(&a.Scriptable, "true or false"),
		"SameSite": word(&a.SameSite, map[string]http.SameSite{
			"Lax": http.SameSiteLaxMode, "Strict": http.SameSiteStrictMode, "None": http.SameSiteNoneMode,
		}),
		"Partitioned": plain(&a.Partitioned, "true or false"),
	}
}

// parseConfig reads a file, or tells all that is wrong with it.
func parseConfig(text []byte) (config, error) {
	var c config
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // as some editors begin a file
	if err := json.Unmarshal(text, new(json.RawMessage)); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			before := text[:max(0, min(int(syntax.Offset)-1, len(text)))]
			return c, fmt.Errorf("line %d: it is no JSON: %w", bytes.Count(before, []byte("\n"))+1, err)
		}
		return c, err
	}
	return c, object(c.settings())("", text)
}

// object reads an object: each field by its setting, all faults together. A
// setting changes its target at once.
func object(known map[string]setting) setting {
	return func(name string, value json.RawMessage) error {
		fields, err := fieldsOf(name, value)
		faults := []error{err}
		for _, f := range fields {
			if read, ok := known[f.name]; ok {
				faults = append(faults, read(within(name, f.name), f.value))
				continue
			}
			faults = append(faults, unknown(within(name, f.name), f.name, known))
		}
		return errors.Join(faults...)
	}
}

// within is the name of a field in an object, which is "" at the top.
func within(object, name string) string {
	if object == "" {
		return name
	}
	return object + "." + name
}

// unknown says which field may have been meant.
func unknown(path, name string, known map[string]setting) error {
	names := slices.Sorted(maps.Keys(known))
	for _, other := range names {
		if strings.EqualFold(name, other) {
			return fmt.Errorf("there is no field %q: it is written %s", path, other)
		}
	}
	return fmt.Errorf("there is no field %q, known are: %s", path, strings.Join(names, ", "))
}

type field struct {
	name  string
	value json.RawMessage
}

// fieldsOf takes an object apart, each field once.
func fieldsOf(name string, object json.RawMessage) (fields []field, err error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil, wrongValue(name, object, `no object, which stands in braces`)
	}
	var faults []error
	seen := map[string]bool{}
	for d.More() {
		var f field
		token, err := d.Token()
		if err == nil {
			f.name, _ = token.(string)
			err = d.Decode(&f.value)
		}
		if err != nil {
			return fields, err
		}
		if seen[f.name] {
			faults = append(faults, fmt.Errorf("%s is there twice", within(name, f.name)))
			continue
		}
		seen[f.name] = true
		fields = append(fields, f)
	}
	return fields, errors.Join(faults...)
}

func wrongValue(name string, value json.RawMessage, what string) error {
	err := fmt.Errorf("%s is %s", excerpt(value), what)
	if name != "" {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return err
}

// plain reads what JSON has a kind of its own for.
func plain[T any](p *T, kind string) setting {
	return func(name string, value json.RawMessage) error {
		var v *T
		if err := json.Unmarshal(value, &v); err != nil || v == nil {
			return wrongValue(name, value, "not "+kind)
		}
		*p = *v
		return nil
	}
}

// reasons reads an object of strings.
func reasons(p *map[string]string) setting {
	return func(name string, value json.RawMessage) error {
		fields, err := fieldsOf(name, value)
		faults := []error{err}
		*p = map[string]string{}
		for _, f := range fields {
			var reason string
			faults = append(faults, plain(&reason, "a string")(within(name, f.name), f.value))
			(*p)[f.name] = reason
		}
		return errors.Join(faults...)
	}
}

func duration(read func(text string) error, examples string) setting {
	return func(name string, value json.RawMessage) error {
		var text string
		if json.Unmarshal(value, &text) != nil || read(text) != nil {
			return wrongValue(name, value, "no duration, "+examples)
		}
		return nil
	}
}

// length reads a duration that is not nothing.
func length(d *time.Duration) func(text string) error {
	return func(text string) (err error) {
		if *d, err = time.ParseDuration(text); err == nil && *d <= 0 {
			err = errors.New("it is nothing")
		}
		return err
	}
}

// word reads one of the words.
func word[T any](p *T, words map[string]T) setting {
	return func(name string, value json.RawMessage) error {
		var text string
		err := json.Unmarshal(value, &text)
		v, ok := words[text]
		if err != nil || !ok {
			return wrongValue(name, value, "none of "+strings.Join(slices.Sorted(maps.Keys(words)), ", "))
		}
		*p = v
		return nil
	}
}

// function reads whether there is a function, for which give sets a stand-in.
func function(give func()) setting {
	return func(name string, value json.RawMessage) error {
		var there bool
		err := plain(&there, "true or false, which is whether there is such a function")(name, value)
		if there {
			give()
		}
		return err
	}
}

// excerpt is JSON as it may stand in an error, in one line.
func excerpt(value json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Compact(&b, value); err != nil {
		return "that"
	}
	text := b.String()
	if len(text) > 40 {
		text = strings.ToValidUTF8(text[:40], "") + "..."
	}
	return text
}
