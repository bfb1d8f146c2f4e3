package historytest_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// commit is what is under test. It is asked for before a soak, which takes long
// enough for the tree to change.
var commit = sync.OnceValue(func() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
})

// record keeps the result of a soak in docs/soak.
func (c counts) record(t *testing.T, name string) {
	t.Helper()
	if !soaking() {
		return
	}
	result := "passed"
	if t.Failed() {
		result = "FAILED"
	}
	text := fmt.Sprintf("%s\n\n%s: %s\n%s, commit %s\n%s\n", "KEYREEVE_SOAK=1 go test -timeout 6h -parallel "+flag.Lookup("test.parallel").Value.String()+" -run '^"+t.Name()+"$' ./internal/historytest",
		t.Name(), result, time.Now().UTC().Format(time.DateOnly), commit(), c)
	dir := filepath.Join("..", "..", "docs", "soak")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".txt"), []byte(text), 0o644); err != nil {
		t.Error(err)
	}
}
