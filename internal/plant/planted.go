//go:build keyreeve_plant

package plant

import (
	"os"
	"slices"
	"time"
)

// planted is the bug of this process, or "".
var planted = func() string {
	bug := os.Getenv("KEYREEVE_PLANT")
	if bug != "" && !slices.Contains(All(), bug) {
		panic("KEYREEVE_PLANT: there is no bug " + bug)
	}
	return bug
}()

// Is reports whether the bug was planted.
func Is(bug string) bool { return planted == bug }

// Pause widens the gap in which a planted bug does its harm.
func Pause(d time.Duration) { time.Sleep(d) }
