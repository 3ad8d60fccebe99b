package terminal

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"
	"unsafe"
)

// The bar fits a terminal of any width, whatever the counts, and shows what there is room for.
func TestBarFits(t *testing.T) {
	for _, columns := range []int{1, 10, 20, 40, 60, 80, 200} {
		for _, c := range []struct{ total, done, failed int64 }{
			{0, 0, 0}, {0, 7, 1}, {0, 123_456_789, 1_000}, {10, 1, 0}, {200, 50, 3}, {1_000_000, 999_999, 12_345},
			{1_000_000_000, 123_456_789, 1_234_567},
		} {
			t.Run(fmt.Sprintf("%d/%d of %d", columns, c.done, c.total), func(t *testing.T) {
				terminal := openTerminal(t, columns)
				begun := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
				p, counts, live := newTestProgress(begun)
				p.SetTotal(c.total)
				counts.Done.Store(c.done)
				counts.Failed.Store(c.failed)
				live.Retries.Store(c.failed)
				bar := progressBar{progress: p, screen: NewScreen(terminal.slave)}
				for n := range 3 {
					bar.paint(begun.Add(time.Second + time.Duration(n)*barInterval))
				}
				text := terminal.readAll(t)
				_, bottom := screenAfter(strings.TrimSuffix(strings.ReplaceAll(text, "\x1b[0K", ""), "\r"))
				if got := utf8.RuneCountInString(bottom); got > columns {
					t.Errorf("%d columns: %q", got, bottom)
				}
				if strings.Contains(text, "\n") {
					t.Errorf("it takes more than one line: %q", text)
				}
				if want := fmt.Sprintf("%d/%d", c.done, c.total); columns >= 40 && c.total > 0 &&
					!strings.Contains(bottom, want) {
					t.Errorf("%s is missing: %q", want, bottom)
				}
				if columns == 200 && (!strings.Contains(bottom, "failed") || c.failed > 0 && !strings.Contains(bottom, "retried")) {
					t.Errorf("there is room for all: %q", bottom)
				}
			})
		}
	}
}

// pty is a pseudo-terminal of some width: what is written to the slave is read from the master.
type pty struct{ master, slave *os.File }

func openTerminal(t *testing.T, columns int) pty {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	t.Cleanup(func() { _ = master.Close() }) // nothing is kept in it
	var locked, number int32
	control(t, master, syscall.TIOCSPTLCK, unsafe.Pointer(&locked))
	control(t, master, syscall.TIOCGPTN, unsafe.Pointer(&number))
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	t.Cleanup(func() { _ = slave.Close() }) // likewise
	size := [4]uint16{24, uint16(columns)}
	control(t, slave, syscall.TIOCSWINSZ, unsafe.Pointer(&size))
	return pty{master, slave}
}

func control(t *testing.T, f *os.File, request uintptr, argument unsafe.Pointer) {
	t.Helper()
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(argument)); errno != 0 {
		t.Fatal(errno)
	}
}

// readAll returns all that was written to the terminal.
func (tt pty) readAll(t *testing.T) string {
	t.Helper()
	const end = "the end of it"
	if _, err := tt.slave.WriteString(end); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	buffer := make([]byte, 4096)
	for !strings.HasSuffix(text.String(), end) {
		n, err := tt.master.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(buffer[:n])
	}
	return strings.TrimSuffix(text.String(), end)
}
