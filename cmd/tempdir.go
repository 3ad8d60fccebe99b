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
	"batchfetch/output/file"
)

// tempSpace returns the room for temporary files: that of --temp-max, or half of what is free where most is negative.
// It is in TMPDIR, and where there is none for the largest body that is allowed, in the folder of the output. The error
// is that there is none at all, for a run that may need it; others go on.
func tempSpace(f *outputFlags, most int64, o *fetch.Options) (*spool.Space, error) {
	room := int64(0)
	if f.saveDir == "" {
		room = spool.Claim{Size: min(o.MaxBody, math.MaxInt64/4)}.Room()
	}
	space, err := chooseTemp(most, room, f.output, f.saveDir)
	if !needsTemp(f, o) {
		err = nil
	}
	return space, err
}

// chooseTemp is tempSpace for an output and a directory of bodies; "" is none. room is what one body takes, in bytes:
// where no directory has as much, it is the first that can be used.
func chooseTemp(most, room int64, name, saveDir string) (*spool.Space, error) {
	dirs := []string{os.TempDir()}
	if dir := folderOfOutput(name); dir != "" {
		dirs = append(dirs, dir)
	}
	if saveDir != "" {
		dirs = append(dirs, saveDir)
	}
	var usable *spool.Space
	var failed error
	for _, dir := range dirs {
		space, free, err := tempSpaceIn(dir, most)
		switch {
		case err == nil && free >= room:
			return space, nil
		case err == nil && usable == nil:
			usable = space
		case failed == nil:
			failed = err
		}
	}
	if usable != nil {
		return usable, nil
	}
	free, _ := spool.Free(dirs[0])
	return spool.NewSpace(max(most, free/2)), failed
}

// folderOfOutput returns the folder of the file that an output is, or will be; "" is none. A device has none: what is
// beside /dev/null is in memory, and so it is beside /dev/stdout, which is a link.
func folderOfOutput(name string) string {
	if !isFile(name) {
		return ""
	}
	name = file.ResolveLinks(name)
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return ""
	}
	return filepath.Dir(name)
}

// fullDisk is the room in bytes below which a disk counts as full: that of the smallest body which is not in memory.
const fullDisk = 1 << 20

// needsTemp reports whether bodies, or what --ordered holds back, may be in temporary files.
func needsTemp(f *outputFlags, o *fetch.Options) bool {
	return f.ordered || f.saveDir == "" && f.body != encode.BodyNone && o.MaxBody > int64(o.BodyMemory)
}

// tempSpaceIn is tempSpace in one directory, with the bytes that are free there.
func tempSpaceIn(dir string, most int64) (*spool.Space, int64, error) {
	if err := spool.Check(dir); err != nil {
		return nil, 0, err
	}
	free, known := spool.Free(dir)
	switch {
	case known && free < fullDisk:
		return nil, 0, fmt.Errorf("%s, the folder for temporary files, is full: %d bytes are free", dir, free)
	case !known:
		free = math.MaxInt64
	}
	switch {
	case most >= 0:
		return spool.NewSpaceIn(dir, most), free, nil
	case known:
		return spool.NewSpaceIn(dir, free/2), free, nil
	}
	return spool.NewSpaceIn(dir, free), free, nil
}

// warnTemp warns of a run that has no room for temporary files. A quiet one says so where a body needs it.
func warnTemp(c *config, to *console) {
	if c.noTemp != nil && !c.quiet {
		to.report(slog.LevelWarn, c.noTemp.Error(), "large bodies fail; name another directory by TMPDIR")
	}
}
