package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/bench/report"
)

// load reads the data of an earlier run.
func load() (*report.Data, error) {
	text, err := os.ReadFile(resultsData)
	if err != nil {
		return nil, err
	}
	d := &report.Data{}
	return d, json.Unmarshal(text, d)
}

// write writes everything a run leaves behind.
func write(d *report.Data) error {
	if err := os.MkdirAll(filepath.Dir(resultsData), 0o755); err != nil {
		return err
	}
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	notes, err := os.ReadFile(notesPage)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var page, chart bytes.Buffer
	if err := errors.Join(d.Markdown(&page, string(notes)), d.Chart(&chart)); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(resultsData, append(data, '\n'), 0o644),
		os.WriteFile(resultsPage, page.Bytes(), 0o644),
		os.WriteFile(resultsSVG, chart.Bytes(), 0o644),
		writeLines("requests", "Request", d.Requests),
		writeLines("wire", "Wire", d.Wire),
		writeLines("alone", "Alone", d.Alone),
		writeLines("redis", "Redis", d.Redis.Cells.Results()),
		writeLines("sql", "SQL", d.SQL.Cells.Results()))
}

// writeLines writes what benchstat -col /subject reads.
func writeLines(file, kind string, results []measure.Result) error {
	var b bytes.Buffer
	if err := measure.Benchstat(&b, kind, results); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(filepath.Dir(resultsData), file+".txt"), b.Bytes(), 0o644)
}
