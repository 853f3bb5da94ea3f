package devices_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
)

// What programs read is compared with testdata/sessions.json, ids apart.
func TestTheJSONIsAsItHasBeen(t *testing.T) {
	defer func(here *time.Location) { time.Local = here }(time.Local)
	time.Local = time.FixedZone("east", 3600) // where the server stands is nobody's business
	synctest.Test(t, func(t *testing.T) {
		_, ann := known(t, withLogin, "curl/8.5.0")
		time.Sleep(5 * time.Minute)
		w := ann.get("/sessions/", api)
		expect(t, "Content-Type", w.Header().Get("Content-Type"), "application/json")
		var list struct{ Sessions []struct{ ID string } }
		if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list.Sessions) != 2 {
			t.Fatalf("%v: %s", err, w.Body)
		}
		expect(t, "the first one", list.Sessions[0].ID, ann.id())
		text := w.Body.String()
		for i, s := range list.Sessions {
			text = strings.ReplaceAll(text, s.ID, "id-"+string(rune('A'+i)))
		}
		var got bytes.Buffer
		if err := json.Indent(&got, []byte(text), "", "\t"); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile("testdata/sessions.json")
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != string(want) {
			t.Errorf("got\n%swant\n%s", got.String(), want)
		}
	})
}

func TestASessionThatNeverEndsSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withLogin)
		ann := l.visitor()
		ann.Change(func(s *session.Session) {
			s.LoginWith("ann", session.Terms{Idle: session.Never, Lifetime: session.Never})
		})
		contains(t, "JSON", ann.get("/sessions/", api).Body.String(), `"expires":null`)
		contains(t, "HTML", ann.get("/sessions/", html).Body.String(), "<dd>never</dd>")
	})
}
