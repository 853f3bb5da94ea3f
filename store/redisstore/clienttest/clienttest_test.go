package clienttest_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/sojourn-go/session/store/redisstore"
	"github.com/sojourn-go/session/store/redisstore/clienttest"
)

func TestAClientThatKeepsTheContractPasses(t *testing.T) {
	t.Run("of a server", func(t *testing.T) {
		open := startServer(t)
		clienttest.Run(t, func(t *testing.T) redisstore.Client { return open(t) })
	})
	t.Run("of a cluster", func(t *testing.T) {
		open := startCluster(t)
		clienttest.Run(t, func(t *testing.T) redisstore.Client { return open(t) })
	})
}

// A bare client has Do and no more.
type bare struct{ redisstore.Client }

func TestAClientIsHeldToWhatItCanDo(t *testing.T) {
	open := startServer(t)
	var ran []string
	clienttest.Run(t, func(t *testing.T) redisstore.Client {
		_, sentence, _ := strings.Cut(t.Name(), "/")
		ran = append(ran, strings.ReplaceAll(sentence, "_", " "))
		if sentence != "" {
			t.Skip("not run: only the sentences count here")
		}
		return bare{open(t)}
	})
	for _, sentence := range ran {
		if strings.Contains(sentence, "pinned") || strings.Contains(sentence, "masters") {
			t.Errorf("a client without abilities was held to %q", sentence)
		}
	}
	if want := clienttest.Sentences()[0]; !slices.Contains(ran, want) {
		t.Errorf("got %q, want %q among them", ran, want)
	}
}

func TestEveryFaultIsFoundAndNamed(t *testing.T) {
	open := startCluster(t)
	for _, f := range faults {
		t.Run(f.what, func(t *testing.T) {
			err := clienttest.Check(t.Context(), f.sentence, breakIt(open(t), f.inject))
			if err == nil || !strings.HasPrefix(err.Error(), "clienttest: "+f.sentence+": ") {
				t.Errorf("got %v, want an error that names %q", err, f.sentence)
			}
		})
	}
}

func TestEverySentenceHasAFault(t *testing.T) {
	sentences := clienttest.Sentences()
	var violated []string
	for _, f := range faults {
		violated = append(violated, f.sentence)
		if !slices.Contains(sentences, f.sentence) {
			t.Errorf("no sentence of the contract: %q", f.sentence)
		}
	}
	for _, s := range sentences {
		if !slices.Contains(violated, s) {
			t.Errorf("no fault violates %q", s)
		}
	}
}

func TestTheSuiteDeletesWhatItSaved(t *testing.T) {
	r := startServer(t)(t)
	for _, sentence := range clienttest.Sentences()[:20] {
		if err := clienttest.Check(t.Context(), sentence, r); err != nil {
			t.Error(err)
		}
	}
	left, err := r.Do(t.Context(), redisstore.Command{Args: []string{"KEYS", "*"}})
	if keys, ok := left.([]any); err != nil || !ok || len(keys) != 0 {
		t.Errorf("left on the server: got %q, error %v, want nothing", left, err)
	}
}

// faultVariable has TestRunOfAFault run its fault.
const faultVariable = "CLIENTTEST_FAULT"

// aFault is a client that takes a nil reply for an error.
var aFault = faults[0]

func TestRunOfAFault(t *testing.T) {
	if os.Getenv(faultVariable) == "" {
		t.Skip("not run: it is for the test below")
	}
	open := startCluster(t)
	clienttest.Run(t, func(t *testing.T) redisstore.Client { return breakIt(open(t), aFault.inject) })
}

func TestRunFailsTheSubtestOfTheSentence(t *testing.T) {
	startServer(t) // or skip
	sentence := strings.ReplaceAll(aFault.sentence, " ", "_")
	cmd := exec.Command(os.Args[0], "-test.run=^TestRunOfAFault$/^"+sentence+"$")
	cmd.Env = append(os.Environ(), fmt.Sprint(faultVariable, "=1"))
	out, err := cmd.CombinedOutput()
	if want := "--- FAIL: TestRunOfAFault/" + sentence; err == nil || !strings.Contains(string(out), want) {
		t.Errorf("go test: got error %v and\n%s\nwant a failure with %q", err, out, want)
	}
}
