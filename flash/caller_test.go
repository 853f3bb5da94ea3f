package flash_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/flash"
	"github.com/sojourn-go/session/store/memstore"
)

func TestALateAddNamesTheLineOfTheApplication(t *testing.T) {
	var late []session.Event
	m, err := session.New(memstore.New(memstore.Options{}), session.Options{Observe: func(_ context.Context, e session.Event) {
		if e.Kind == session.Late && e.Caller != "" {
			late = append(late, e)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		flash.Add(session.From(r.Context()), "info", "too late")
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "https://example.com/", nil))
	if len(late) != 1 || !strings.Contains(late[0].Caller, "caller_test.go:") {
		t.Errorf("got %+v, want one event with a line of this file", late)
	}
}
