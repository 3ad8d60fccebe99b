package cmd

import (
	"fmt"
	"io"
	"os"
)

// maxFlagFile is the largest file that a flag reads, in bytes.
const maxFlagFile = 64 << 20

// flagFiles reads the files that flags name and remembers them.
type flagFiles struct {
	names     []string
	stdinFlag string // the flag that has read standard input; "" is none
}

// read returns the content of a file, or of standard input for -, which one flag alone can read.
func (f *flagFiles) read(flag, name string) ([]byte, error) {
	var in io.Reader = stream{os.Stdin}
	if name == "-" {
		if f.stdinFlag != "" {
			return nil, fmt.Errorf("reads standard input, which --%s has read", f.stdinFlag)
		}
		f.stdinFlag = flag
	} else {
		f.names = append(f.names, name)
		opened, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("can't be read: %w", err)
		}
		defer func() { _ = opened.Close() }() // only read
		in = opened
	}
	content, err := io.ReadAll(io.LimitReader(in, maxFlagFile+1))
	if err != nil {
		return nil, fmt.Errorf("can't be read: %w", err)
	}
	if len(content) > maxFlagFile {
		return nil, fmt.Errorf("%s is over 64 MiB", name)
	}
	return content, nil
}
