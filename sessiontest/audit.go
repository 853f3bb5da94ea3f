package sessiontest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
)

// updateVariable has Audit write its file instead of comparing it.
const updateVariable = "SESSIONTEST_UPDATE"

const auditHead = "# Manager.Audit of this configuration. " + updateVariable + "=1 go test writes it anew.\n"

// Audit fails the test if [session.Manager.Audit] says anything else of m than
// the file does, and tells each row that differs. So nobody changes an option
// that is data, or upgrades to a package that judges the options otherwise,
// without a change of the file for a review. Of what is code it sees whether
// there is a Client, Epoch, NotBefore or Observe, and the type of the Codec.
//
// The file is written by the same test with SESSIONTEST_UPDATE=1 in the
// environment, as are the directories above it. Commit it:
//
//	func TestTheConfigurationIsTheAuditedOne(t *testing.T) {
//		m, err := session.New(memstore.New(memstore.Options{}), production())
//		...
//		sessiontest.Audit(t, m, "testdata/audit.txt")
//	}
//
// It depends on the options and on the types of the stores alone: neither on the
// time, nor on the machine. Line endings are not compared.
func Audit(tb testing.TB, m *session.Manager, file string) {
	tb.Helper()
	rows := []string{}
	for f := range m.Audit() {
		rows = append(rows, f.String()+"\n")
	}
	if os.Getenv(updateVariable) == "1" {
		writeAudit(tb, file, auditHead+strings.Join(rows, ""))
		return
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		tb.Fatalf("sessiontest: there is no %s: run the test once with %s=1, and commit what it writes", file, updateVariable)
	}
	if err != nil {
		tb.Fatalf("sessiontest: %v", err)
	}
	was := auditRows(strings.ReplaceAll(string(text), "\r\n", "\n"))
	if changes := auditDiff(was, rows); changes != "" {
		tb.Errorf("sessiontest: the configuration is not the one of %s:\n%sIf that is meant, write the file anew with %s=1, and have the change reviewed.",
			file, changes, updateVariable)
	}
}

func writeAudit(tb testing.TB, file, text string) {
	tb.Helper()
	err := os.MkdirAll(filepath.Dir(file), 0o777)
	if err == nil {
		err = os.WriteFile(file, []byte(text), 0o666)
	}
	if err != nil {
		tb.Fatalf("sessiontest: %v", err)
	}
	tb.Logf("sessiontest: wrote %s", file)
}

// auditRows takes a file apart: a row begins with its name, and its other lines
// are indented. Lines that begin with # are left out.
func auditRows(text string) (rows []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n") + "\n"
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, " ") && len(rows) > 0:
			rows[len(rows)-1] += line
		default:
			rows = append(rows, line)
		}
	}
	return rows
}

// auditDiff tells, row by row, what was and what is; "" if they are the same.
func auditDiff(was, is []string) string {
	var b strings.Builder
	tell := func(sign, row string) {
		for line := range strings.Lines(row) {
			b.WriteString(sign + line)
		}
	}
	left := slices.Clone(was)
	for _, row := range is {
		i := slices.IndexFunc(left, func(old string) bool { return rowName(old) == rowName(row) })
		if i >= 0 && left[i] == row {
			left = slices.Delete(left, i, i+1)
			continue
		}
		if i >= 0 {
			tell("- ", left[i])
			left = slices.Delete(left, i, i+1)
		}
		tell("+ ", row)
	}
	for _, row := range left {
		tell("- ", row)
	}
	if b.Len() == 0 && !slices.Equal(was, is) {
		fmt.Fprintln(&b, "  the rows are in another order")
	}
	return b.String()
}

func rowName(row string) string {
	name, _, _ := strings.Cut(row, " ")
	return name
}
