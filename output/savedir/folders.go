package savedir

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"batchfetch/fetch/fdlimit"
	"batchfetch/output/file"
)

// folders are the folders below the directory that were used last, open: a file is made and renamed in one of them by
// its last name alone, where os.Root opens each folder on the way anew, a dozen system calls a file. A folder is open
// for as long as it is among the last, and used no more once its name is another's.
type folders struct {
	top  string   // the directory's name
	root *os.Root // the directory
	most int      // that are open while nobody uses them

	mu   sync.Mutex
	open []*openFolder // the one used last first
}

// An openFolder is one of folders, whose mu guards its users and dropped.
type openFolder struct {
	name      string // below the directory
	path      string // with the directory's name
	root      *os.Root
	dir       *os.File // the same, for what os.Root can't do
	info      fs.FileInfo
	users     int
	dropped   bool // it is not in folders.open: the last user closes it
	checkedAt time.Time
}

// maxOpenFolders is how many folders are open while nobody uses them: few of fdlimit's spare descriptors.
const maxOpenFolders = 8

// mostOpen returns folders.most: one where there are too few descriptors for two exchanges at once, as by ulimit -n 24.
// All of those would be open folders, two for each, and no file could be opened any more.
func mostOpen() int {
	if fdlimit.Exchanges() == 1 {
		return 1
	}
	return maxOpenFolders
}

// checkFolderAfter is how long a name is taken to be still that of its folder. What is written meanwhile into a folder
// that has been moved away is found out when it gets its name: that is checked then.
const checkFolderAfter = time.Millisecond

// use returns the open folder of that name, which had it within that time at least; nil is none. Its user releases it.
func (s *folders) use(name string, checked time.Duration) *openFolder {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(name)
	if i < 0 {
		return nil
	}
	f := s.open[i]
	if now := time.Now(); now.Sub(f.checkedAt) >= checked {
		if !isStill(f.path, f.info) {
			s.drop(f)
			return nil
		}
		f.checkedAt = now
	}
	copy(s.open[1:i+1], s.open[:i])
	s.open[0] = f
	f.users++
	return f
}

// release ends a use, and drops a folder that has failed.
func (s *folders) release(f *openFolder, failed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.users--
	if failed && !f.dropped {
		s.drop(f)
	} else if f.dropped && f.users == 0 {
		f.close()
	}
}

// drop removes a folder from the open ones; s.mu is held.
func (s *folders) drop(f *openFolder) {
	s.open = slices.DeleteFunc(s.open, func(other *openFolder) bool { return other == f })
	f.dropped = true
	if f.users == 0 {
		f.close()
	}
}

// close closes the folder: nothing was written to it.
func (f *openFolder) close() {
	_ = f.root.Close()
	_ = f.dir.Close()
}

// add opens a folder, unless it is open already or can't be opened. Windows lets nobody rename an open folder: none is
// added there.
func (s *folders) add(name string) {
	if !file.CanLock || s.has(name) {
		return
	}
	root, err := s.root.OpenRoot(name)
	if err != nil {
		return
	}
	info, err := root.Stat(".")
	dir, unopened := openFolderOf(root, ".")
	f := &openFolder{name: name, path: filepath.Join(s.top, name), root: root, dir: dir, info: info}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || unopened != nil || s.index(name) >= 0 {
		f.close()
		return
	}
	if len(s.open) == s.most {
		s.drop(s.open[s.most-1])
	}
	s.open = slices.Insert(s.open, 0, f) // its first use checks the name
}

// has reports whether a folder of that name is open.
func (s *folders) has(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index(name) >= 0
}

// index returns the place of a folder; -1 is none. s.mu is held.
func (s *folders) index(name string) int {
	return slices.IndexFunc(s.open, func(f *openFolder) bool { return f.name == name })
}

// close closes all folders.
func (s *folders) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.open) > 0 {
		s.drop(s.open[0])
	}
}
