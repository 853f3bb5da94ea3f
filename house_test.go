package session_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const modulePath = "github.com/sojourn-go/session"

// A room is a place in the house: which of our packages its packages may
// import, and why no more. Paths are below the module, "." is the root, and
// "store/..." is everything below store.
type room struct {
	path string
	may  []string
	why  string
}

// The first room whose path matches a package is its room, so that a package
// nobody thought of here is a companion.
var rooms = []room{
	{"store", nil, "the contract is all that the author of a store should need to read"},
	{"seal", nil, "the only room with a cipher in it has no door to the others"},
	{"internal/record", nil, "the format of a record outlives the code around it"},
	{"cookie", []string{"seal"}, "cookies are used without sessions too"},
	{"store/nearcache", []string{"store", "store/memstore"}, "what it remembers is kept as memstore keeps it, and whose store it stands before is not its affair"},
	{"store/redisstore/...", []string{"store", "store/redisstore"}, "Redis is known here by what a client answers, and by nothing else"},
	{"store/...", []string{"store"}, "a store that needs more than the contract could not be written by others"},
	{".", []string{"store", "cookie", "seal", "internal/..."}, "the root knows the contract, and no store by name"},
	{"internal/...", []string{"store", "cookie", "seal", "internal/..."}, "what serves the root does not look up to it"},
	{"sessiontest", []string{".", "store", "store/memstore", "cookie"}, "a test of an application sees what the application sees"},
	{"adapter/sqlite", []string{"store", "store/sqlstore"}, "a driver and a file are handed to the store, and know of no session"},
	{"adapter/boltstore", []string{"store"}, "a store like any other, which could have been written by others"},
	{"adapter/redis/...", []string{"store", "store/nearcache", "store/redisstore"}, "a client is handed to a store, and knows of no session"},
	{"cmd/...", []string{
		".", "store/...", "cookie", "seal", "flash", "csrf", "fresh", "devices", "defaults", "ring/...", "adapter/...", "cmd/...",
	}, "the command shows that the public packages are enough"},
	{"devices", []string{".", "fresh"}, "a companion stands on the public API; ending other sessions wants a fresh login"},
	{"defaults", []string{".", "store", "cookie", "seal", "flash", "csrf"}, "it puts together what the companions are, and nothing puts it together"},
	{"...", []string{".", "store", "cookie", "seal"}, "a companion stands on the public API alone, as anybody's could"},
}

// testers are the packages whose users are tests.
var testers = []string{"store/storetest", "store/redisstore/clienttest", "sessiontest"}

func TestHouse_ArrowsOnlyPointDownwards(t *testing.T) {
	for _, p := range listPackages(t) {
		i := slices.IndexFunc(rooms, func(r room) bool { return covers(r.path, p.rel()) })
		for _, to := range p.Imports {
			if rel, ok := belowModule(to); ok && !anyCovers(rooms[i].may, rel) {
				t.Errorf("%s imports %s: %s", p.rel(), rel, rooms[i].why)
			}
		}
	}
}

func TestHouse_TestingIsNotInProduction(t *testing.T) {
	for _, p := range listPackages(t) {
		if slices.Contains(testers, p.rel()) {
			continue
		}
		for _, dep := range p.Deps {
			if dep == "testing" || strings.HasPrefix(dep, "testing/") {
				t.Errorf("%s depends on %s: it registers flags and weighs on every program", p.rel(), dep)
			}
		}
	}
}

func TestHouse_NothingImportsACommand(t *testing.T) {
	for _, p := range listPackages(t) {
		for _, to := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if rel, ok := belowModule(to); ok && covers("cmd/...", rel) && !covers("cmd/...", p.rel()) {
				t.Errorf("%s imports %s: a command is the end of the road", p.rel(), rel)
			}
		}
	}
}

func TestHouse_TheRootModuleNeedsTheStandardLibraryOnly(t *testing.T) {
	if mod := readModule(t, "go.mod"); len(mod.Require) > 0 || len(mod.Replace) > 0 {
		t.Errorf("go.mod requires %v and replaces %v: a user's go.sum gets one module from us", mod.Require, mod.Replace)
	}
	for _, p := range listPackages(t) {
		if p.Module.Path != modulePath {
			continue
		}
		for _, to := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			first, _, _ := strings.Cut(to, "/")
			if _, ok := belowModule(to); !ok && strings.Contains(first, ".") {
				t.Errorf("%s imports %s: what needs a foreign module lives in a module of its own", p.rel(), to)
			}
		}
	}
}

func TestHouse_EveryModuleBuildsFromACloneAndAfterPublication(t *testing.T) {
	if _, err := os.Stat("go.work"); err != nil {
		t.Skip("a published module has no go.work, and no other module beside it")
	}
	work := struct{ Use []struct{ DiskPath string } }{}
	decodeGo(t, &work, "work", "edit", "-json")
	inside := map[string]bool{}
	for _, use := range work.Use {
		inside[filepath.Clean(use.DiskPath)] = true
	}
	for path := range treeFiles(t) {
		if filepath.Base(path) != "go.mod" {
			continue
		}
		dir, mod := filepath.Dir(path), readModule(t, path)
		if mod.Go != "1.26.0" {
			t.Errorf("%s says go %s, want 1.26.0 as everywhere", path, mod.Go)
		}
		if want := strings.TrimSuffix(modulePath+"/"+filepath.ToSlash(dir), "/."); mod.Module.Path != want {
			t.Errorf("%s is module %s, want %s", path, mod.Module.Path, want)
		}
		if inside[dir] && len(mod.Replace) > 0 {
			t.Errorf("%s has a replace line, which go install refuses: it belongs into go.work", path)
		}
		for _, require := range mod.Require {
			if _, ok := belowModule(require.Path); ok && require.Version != "v0.0.0" {
				t.Errorf("%s requires %s at %s, want v0.0.0 between releases", path, require.Path, require.Version)
			}
		}
	}
}

// belowModule returns the path of one of our packages below the module.
func belowModule(importPath string) (string, bool) {
	if importPath == modulePath {
		return ".", true
	}
	return strings.CutPrefix(importPath, modulePath+"/")
}

// covers reports whether the pattern takes in the package.
func covers(pattern, rel string) bool {
	prefix, ok := strings.CutSuffix(pattern, "...")
	if !ok {
		return rel == pattern
	}
	return strings.HasPrefix(rel, prefix) || rel == strings.TrimSuffix(prefix, "/")
}

func anyCovers(patterns []string, rel string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return covers(pattern, rel) })
}
