package session

import (
	"encoding/json"
	"reflect"
	"strconv"
	"sync"
)

var interfaceTypes sync.Map // reflect.Type -> bool: does it hold an interface somewhere?

func holdsInterface(t reflect.Type) bool {
	if known, ok := interfaceTypes.Load(t); ok {
		return known.(bool)
	}
	found := searchInterface(t, map[reflect.Type]bool{})
	interfaceTypes.Store(t, found)
	return found
}

func searchInterface(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if readsItself(t) {
		return false
	}
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return searchInterface(t.Elem(), seen)
	case reflect.Struct:
		for f := range t.Fields() {
			if f.IsExported() || f.Anonymous {
				if searchInterface(f.Type, seen) {
					return true
				}
			}
		}
	}
	return false
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// readsItself reports whether what is in a value of the type is its own
// method's affair.
func readsItself(t reflect.Type) bool {
	return t.Implements(unmarshaler) || reflect.PointerTo(t).Implements(unmarshaler)
}

// settleNumbers replaces every json.Number inside an interface by the int64 or
// float64 that it is.
func settleNumbers(v reflect.Value) {
	if readsItself(v.Type()) {
		return
	}
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() && v.CanSet() {
			v.Set(reflect.ValueOf(settled(v.Interface())))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			settleNumbers(v.Elem())
		}
	case reflect.Struct:
		for field, f := range v.Fields() {
			if f.CanSet() || field.Anonymous {
				settleNumbers(f)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			settleNumbers(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			elem := reflect.New(v.Type().Elem()).Elem()
			elem.Set(v.MapIndex(key))
			settleNumbers(elem)
			v.SetMapIndex(key, elem)
		}
	}
}

// settled does the same for the types that encoding/json itself puts into an
// interface. Anything else was put there by a method of the application.
func settled(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return n
		}
		if n, err := strconv.ParseUint(string(v), 10, 64); err == nil {
			return n // too large for an int64, and exact
		}
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return v // larger than a float64: the digits are better than infinity
		}
		return f
	case []any:
		for i := range v {
			v[i] = settled(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = settled(v[k])
		}
	}
	return v
}
