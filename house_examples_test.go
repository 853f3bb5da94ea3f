package session_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unspoken are the methods that fmt, errors and slog call, and people do not.
var unspoken = []string{"Error", "Unwrap", "String", "GoString", "LogValue"}

func TestHouse_EveryExportedNameIsUsedInAnExample(t *testing.T) {
	for _, p := range listPackages(t) {
		if p.Name == "main" || strings.Contains(p.ImportPath, "/internal/") {
			continue
		}
		used := usedInExamples(t, p)
		for _, name := range exportedNames(t, p) {
			_, method, isMethod := strings.Cut(name, ".")
			if !used[name] && !used[method] && !(isMethod && slices.Contains(unspoken, method)) {
				t.Errorf("%s: no Example uses %s", p.rel(), name)
			}
		}
	}
}

func TestHouse_TheRootPackageFitsOnOneScreen(t *testing.T) {
	out := strings.TrimSpace(runGo(t, "doc", "-short", "."))
	if lines := strings.Count(out, "\n") + 1; lines > 40 {
		t.Errorf("go doc -short . prints %d lines, want at most 40:\n%s", lines, out)
	}
}

// exportedNames returns what the package exports: names, and Type.Method.
func exportedNames(t *testing.T, p goPackage) (names []string) {
	t.Helper()
	fset := token.NewFileSet()
	d, err := doc.NewFromFiles(fset, parseAll(t, fset, p.Dir, p.GoFiles), p.ImportPath)
	if err != nil {
		t.Fatal(err)
	}
	addValues := func(values []*doc.Value) {
		for _, v := range values {
			names = append(names, slices.DeleteFunc(slices.Clone(v.Names), func(n string) bool { return !ast.IsExported(n) })...)
		}
	}
	addFuncs := func(prefix string, funcs []*doc.Func) {
		for _, f := range funcs {
			names = append(names, prefix+f.Name)
		}
	}
	addValues(d.Consts)
	addValues(d.Vars)
	addFuncs("", d.Funcs)
	for _, typ := range d.Types {
		names = append(names, typ.Name)
		addValues(typ.Consts)
		addValues(typ.Vars)
		addFuncs("", typ.Funcs)
		addFuncs(typ.Name+".", typ.Methods)
	}
	return names
}

// usedInExamples returns the identifiers that occur in the package's examples,
// and their subjects. A file example_*_test.go is example as a whole: what an
// Example uses may be declared beside it.
func usedInExamples(t *testing.T, p goPackage) map[string]bool {
	t.Helper()
	used := map[string]bool{}
	fset := token.NewFileSet()
	note := func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			used[id.Name] = true
		}
		return true
	}
	for _, f := range parseAll(t, fset, p.Dir, slices.Concat(p.TestGoFiles, p.XTestGoFiles)) {
		if strings.HasPrefix(filepath.Base(fset.Position(f.Pos()).Filename), "example") {
			ast.Inspect(f, note)
		}
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "Example") {
				continue
			}
			// ExampleT_M_suffix: T, and T.M, are its subjects.
			words := strings.Split(strings.TrimPrefix(fn.Name.Name, "Example"), "_")
			used[words[0]] = true
			if len(words) > 1 {
				used[words[0]+"."+words[1]] = true
			}
			ast.Inspect(fn.Body, note)
		}
	}
	delete(used, "")
	return used
}

func parseAll(t *testing.T, fset *token.FileSet, dir string, names []string) (all []*ast.File) {
	t.Helper()
	for _, name := range names {
		f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return all
}
