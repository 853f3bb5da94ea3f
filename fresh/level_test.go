package fresh_test

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"testing"
)

// Audit row S09: a session is never at a higher level than its owner was
// recognised with. Of all that an application can call, nothing takes a level,
// or what has one in it, but what says that the owner was recognised just now.
// (Options.Level is what sessions have to satisfy, and gives none.)
func TestALevelIsSetByLoginWithAndStepUpAndNothingElse(t *testing.T) {
	types, funcs := declared(t, "..")
	carriers := map[string]bool{"Level": true}
	for range types { // as often as one can be in another
		for name, typ := range types {
			if s, ok := typ.(*ast.StructType); ok && name != "Options" && anyNamed(s.Fields, carriers) {
				carriers[name] = true
			}
		}
	}
	for _, name := range []string{"Terms", "Info"} {
		if !carriers[name] {
			t.Errorf("%s is not found to have a level in it: this test sees too little", name)
		}
	}
	if carriers["Session"] {
		t.Error("Session has an exported field with a level in it")
	}
	var found []string
	for _, fn := range funcs {
		if anyNamed(fn.Type.Params, carriers) {
			found = append(found, fn.Name.Name)
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, []string{"LoginWith", "StepUp"}) {
		t.Errorf("exported functions that take a level: %v, want LoginWith and StepUp", found)
	}
}

// declared returns the exported types, functions and methods of a package.
func declared(t *testing.T, dir string) (types map[string]ast.Expr, funcs []*ast.FuncDecl) {
	t.Helper()
	p, err := build.ImportDir(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	types = map[string]ast.Expr{}
	fset := token.NewFileSet()
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.FileExports(f) // unexported names and fields go
		for _, decl := range f.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				funcs = append(funcs, decl)
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					if typ, ok := spec.(*ast.TypeSpec); ok {
						types[typ.Name.Name] = typ.Type
					}
				}
			}
		}
	}
	return types, funcs
}

// anyNamed reports whether one of the fields or parameters is of, or made of, a
// type with one of the names.
func anyNamed(fields *ast.FieldList, names map[string]bool) bool {
	return slices.ContainsFunc(fields.List, func(f *ast.Field) (found bool) {
		ast.Inspect(f.Type, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && names[id.Name] {
				found = true
			}
			return !found
		})
		return found
	})
}
