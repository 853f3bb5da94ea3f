package main

import (
	"os"
	"strings"
	"testing"
)

func TestARunLeavesThePageTheChartAndItsDataBehind(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(notesPage, []byte("## What is missed, and why\n\nThis.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"-only", "trips", "-command", "the test"}); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(resultsPage)
	if err != nil || !strings.Contains(string(first), "This.") {
		t.Fatalf("got %s, error %v", first, err)
	}
	if _, err := os.Stat(resultsSVG); err != nil {
		t.Error(err)
	}
	if err := run([]string{"-render"}); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.ReadFile(resultsPage); string(again) != string(first) {
		t.Errorf("rendered again from the data it is another page: %s", again)
	}
}

func TestAPartThatDoesNotExistIsRefused(t *testing.T) {
	if err := run([]string{"-only", "trips,everything"}); err == nil {
		t.Error("got no error")
	}
}
