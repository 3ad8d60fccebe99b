package savedir

import (
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"batchfetch/output/file"
)

// fileClock returns the time that a file written now gets: it lags behind time.Now by up to a tick of the kernel.
func fileClock() time.Time {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &now); err != nil {
		return time.Now()
	}
	return time.Unix(now.Unix())
}

// linkWay is how a file without a name gets one: what linkat(2) is given for it.
type linkWay int

const (
	noLink     linkWay = iota // neither: bodies have temporary names
	linkByFD                  // its descriptor: with CAP_DAC_READ_SEARCH, from Linux 6.10 on for whoever has opened it
	linkByProc                // its name in /proc
)

// findLinkWay tries how a file without a name, open(2) with O_TMPFILE, can get one in the directory. Where the file
// system has none, or there is no /proc, it is noLink.
func findLinkWay(root *os.Root) linkWay {
	f, err := root.OpenFile(".", unix.O_TMPFILE|os.O_RDWR|file.NoWait, 0o666)
	if err != nil {
		return noLink
	}
	defer func() { _ = f.Close() }() // nothing was written
	dir, err := openFolderOf(root, ".")
	if err != nil {
		return noLink
	}
	defer func() { _ = dir.Close() }() // only read
	for _, way := range []linkWay{linkByFD, linkByProc} {
		if way.link(int(f.Fd()), dir, ".") == unix.EEXIST { // the file was found
			return way
		}
	}
	return noLink
}

// link gives a file, by its descriptor, a name in a folder. The error is unix.EEXIST where there is one of that name.
func (w linkWay) link(fd int, dir *os.File, name string) error {
	to := int(dir.Fd())
	for {
		var err error
		if w == linkByFD {
			err = unix.Linkat(fd, "", to, name, unix.AT_EMPTY_PATH)
		} else {
			err = unix.Linkat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), to, name, unix.AT_SYMLINK_FOLLOW)
		}
		if err != unix.EINTR {
			return err
		}
	}
}
