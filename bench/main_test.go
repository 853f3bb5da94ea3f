package main

import (
	"io"
	"os"
	"strings"
	"testing"
)

func TestARunLeavesThePageTheChartAndItsDataBehind(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(notesPage, []byte("## What is missed, and why\n\nThis.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	if err := run([]string{"-only", "trips", "-command", "the test"}, &printed); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| P1 |", "| P10 | store calls: read | ≤ 1 |  | 1 Load, 0 Save | met |"} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("it did not print %q:\n%s", want, printed.String())
		}
	}
	first, err := os.ReadFile(resultsPage)
	if err != nil || !strings.Contains(string(first), "This.") {
		t.Fatalf("got %s, error %v", first, err)
	}
	if _, err := os.Stat(resultsSVG); err != nil {
		t.Error(err)
	}
	if err := run([]string{"-render"}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.ReadFile(resultsPage); string(again) != string(first) {
		t.Errorf("rendered again from the data it is another page: %s", again)
	}
}

func TestAPartThatDoesNotExistIsRefused(t *testing.T) {
	if err := run([]string{"-only", "trips,everything"}, io.Discard); err == nil {
		t.Error("got no error")
	}
}
