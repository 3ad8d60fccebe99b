package cache

import "errors"

// errNotOurs is why a directory or an entry is not used: another user can have put there what is in it.
var errNotOurs = errors.New("not only this user's")
