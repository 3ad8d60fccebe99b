package workqueue

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"batchfetch/fetch/resp"
)

// callTimeout bounds a call of the server, in which it moves at most maxReply bytes.
const callTimeout = 10 * time.Second

// An Address is a stream of a server, and how its entries are taken.
type Address struct {
	Server resp.Config
	Stream string
	Name   string // for messages and Records: a URL without secrets and parameters

	Group    string        // empty: not given
	Consumer string        // empty: not given
	Idle     time.Duration // after how long without a sign of life a consumer counts as dead
	Wait     time.Duration // how long to wait for more entries once none is left; negative is forever
	Delete   Deletion
}

// A Deletion says what becomes of entries that are acknowledged.
type Deletion string

// The Deletions.
const (
	DeleteOwn    Deletion = ""  // they are deleted, unless the stream has another group by then
	DeleteAlways Deletion = "1" // they are deleted
	DeleteNever  Deletion = "0" // they stay in the stream
)

// defaultIdle is Address.Idle where it is not given, leastIdle the least.
const defaultIdle, leastIdle = time.Minute, time.Second

// Usage is what an address looks like.
const Usage = "redis://[user:password@]host[:port]/db/stream?group=name"

// IsAddress reports whether an argument is meant as one: by its scheme, in any case of letters.
func IsAddress(argument string) bool {
	scheme, _, cut := strings.Cut(argument, "://")
	return cut && (strings.EqualFold(scheme, "redis") || strings.EqualFold(scheme, "rediss"))
}

// ParseAddress parses an address; password is for one that has none, and nil roots are those of the system. Its error
// never repeats a piece of the text, which may be a piece of a password.
func ParseAddress(text, password string, roots *x509.CertPool) (a Address, err error) {
	u, err := url.Parse(text)
	if err != nil {
		return a, errors.New("is no URL: percent-encode what is special in a password")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return a, errors.New("has parameters that are none")
	}
	db, stream, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if _, err := strconv.ParseUint(db, 10, 31); err != nil || stream == "" {
		return a, errors.New("has no number of a database and name of a stream after it, as /0/jobs")
	}
	bare := url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host, Path: "/" + db, Fragment: u.Fragment}
	if a.Server, err = resp.ParseURL(bare.String(), roots, callTimeout, 3); err != nil {
		return a, err
	}
	if a.Server.Password == "" {
		a.Server.Password = password
	}
	a.Stream = stream
	a.Name = (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	return a, a.setParameters(query)
}

// setParameters sets what the query of an address says.
func (a *Address) setParameters(query url.Values) (err error) {
	a.Idle = defaultIdle
	for name, values := range query {
		if len(values) > 1 {
			return errors.New("has a parameter twice")
		}
		value := values[0]
		switch name {
		case "group":
			a.Group = value
		case "consumer":
			a.Consumer = value
		case "idle":
			if a.Idle, err = time.ParseDuration(value); err != nil || a.Idle < leastIdle {
				return errors.New("has an idle that is no duration of a second or more, as 60s")
			}
		case "wait":
			if a.Wait, err = time.ParseDuration(value); value == "forever" {
				a.Wait = -1
			} else if err != nil || a.Wait < 0 {
				return errors.New("has a wait that is neither a duration, as 10m, nor forever")
			}
		case "delete":
			yes, known := map[string]Deletion{"true": DeleteAlways, "false": DeleteNever}[value]
			if !known {
				return errors.New("has a delete that is neither true nor false")
			}
			a.Delete = yes
		default:
			return fmt.Errorf("has a parameter that is none of %s", strings.Join(parameters, ", "))
		}
		if value == "" {
			return fmt.Errorf("has an empty parameter %s", name)
		}
	}
	if slices.ContainsFunc([]string{a.Group, a.Consumer, a.Stream}, hasControl) {
		return errors.New("names what has a control character in it")
	}
	return nil
}

// parameters are the names of what the query of an address may have.
var parameters = []string{"group", "consumer", "idle", "wait", "delete"}

func hasControl(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7F })
}
