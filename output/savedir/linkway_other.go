//go:build !linux

package savedir

import (
	"os"
	"time"
)

// fileClock returns the time that a file written now gets.
func fileClock() time.Time { return time.Now() }

// linkWay is noLink: there are no files without a name.
type linkWay int

const noLink linkWay = 0

func findLinkWay(*os.Root) linkWay { return noLink }
