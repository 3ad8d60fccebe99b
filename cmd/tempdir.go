package cmd

import (
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"

	"batchfetch/fetch"
	"batchfetch/fetch/spool"
	"batchfetch/output/encode"
)

// tempSpace returns the room for temporary files: that of --temp-max, or half of what is free where most is negative.
// It is in TMPDIR, and where there can be none, in the folder of the output. The error is that there is none, for a run
// that may need it; others go on.
func tempSpace(f *outputFlags, most int64, o *fetch.Options) (*spool.Space, error) {
	space, err := chooseTemp(most, f.output, f.saveDir)
	if !needsTemp(f, o) {
		err = nil
	}
	return space, err
}

// chooseTemp is tempSpace for an output and a directory of bodies; "" is none.
func chooseTemp(most int64, name, saveDir string) (*spool.Space, error) {
	dirs := []string{os.TempDir()}
	if isFile(name) {
		dirs = append(dirs, filepath.Dir(name))
	}
	if saveDir != "" {
		dirs = append(dirs, saveDir)
	}
	var failed error
	for _, dir := range dirs {
		space, err := tempSpaceIn(dir, most)
		if err == nil {
			return space, nil
		}
		if failed == nil {
			failed = err
		}
	}
	free, _ := spool.Free(dirs[0])
	return spool.NewSpace(max(most, free/2)), failed
}

// fullDisk is the room in bytes below which a disk counts as full: that of the smallest body which is not in memory.
const fullDisk = 1 << 20

// needsTemp reports whether bodies, or what --ordered holds back, may be in temporary files.
func needsTemp(f *outputFlags, o *fetch.Options) bool {
	return f.ordered || f.saveDir == "" && f.body != encode.BodyNone && o.MaxBody > int64(o.BodyMemory)
}

// tempSpaceIn is tempSpace in one directory.
func tempSpaceIn(dir string, most int64) (*spool.Space, error) {
	if err := spool.Check(dir); err != nil {
		return nil, err
	}
	free, known := spool.Free(dir)
	switch {
	case known && free < fullDisk:
		return nil, fmt.Errorf("%s, the folder for temporary files, is full: %d bytes are free", dir, free)
	case most >= 0:
		return spool.NewSpaceIn(dir, most), nil
	case known:
		return spool.NewSpaceIn(dir, free/2), nil
	}
	return spool.NewSpaceIn(dir, math.MaxInt64), nil
}

// warnTemp warns of a run that has no room for temporary files.
func warnTemp(c *config, to *console) {
	if c.noTemp != nil {
		to.report(slog.LevelWarn, c.noTemp.Error(), "large bodies fail; name another directory by TMPDIR")
	}
}
