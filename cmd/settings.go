package cmd

import (
	"batchfetch/fetch"
	"batchfetch/fetch/input"
	"batchfetch/output/encode"
	"batchfetch/output/savedir"
)

// settings are the flags of a command line as the user gave them, or the environment in their place. Only flags and
// the environment write here; resolve makes a config of them, which everything after it reads.
type settings struct {
	fetch   fetch.Options // the flags that are options of a run as they stand
	request requestFlags
	tls     tlsFlags
	proxy   proxyFlag
	output  outputFlags
	cache   cacheFlags
	limits  string // a Redis URL; "" is none
	queue   bool   // the input is one

	maxBody     int64 // --max-body; negative is not given
	tempMax     int64 // --temp-max; negative is not given
	compressed  bool
	resolve     []string // --resolve, HOST:PORT:ADDRESS each
	hostsFile   string
	failFast    bool
	exitZero    bool
	maxFailures failureLimit
	form        input.Form
	shard       shardFlag
	shardBy     shardMode
	unique      bool
	dryRun      bool
	progress    progressMode
	quiet       bool
	verbose     bool
}

// requestFlags are what every request is sent with; a text may name a file with @.
type requestFlags struct {
	bodyURL   string // --url; lines of the input are bodies for it
	data      []string
	headers   []string
	inherited []string // headers of the environment; those of the command line win by name
	user      string   // user:password
	sigV4     string   // aws:amz[:region[:service]]; "" is none
	bearer    string   // a token, or @ and the name of a file with it; "" is none
	netrc     bool
	cookies   []string
	userAgent string
}

// tlsFlags are names of PEM files, whether to check the server's certificate, and what TLS may be.
type tlsFlags struct {
	cacert   string
	cert     string
	key      string // "" is in the file of cert
	insecure bool
	min      uint16 // version of TLS; 0 is not given
	legacy   bool
}

// outputFlags are where Records, bodies and the summary go. Of the file names "" is the default and - standard output.
type outputFlags struct {
	body     encode.BodyMode
	saveDir  string
	name     savedir.NameTemplate
	output   string
	failures string
	summary  string
	metrics  string // "" is none
	report   string // a page of HTML; "" is none
	junit    string // "" is none
	publish  publishMode
	ordered  bool
	resume   bool

	allMembers bool // null for members without a value

	repack bool // a compressed output of resume, once all is done

	skipExisting bool // bodies that are in saveDir
}

// layout returns what the lines of Records look like.
func (f outputFlags) layout() encode.Layout {
	return encode.Layout{Body: f.body, AllMembers: f.allMembers}
}

// A publishMode says which runs give the output file its name.
type publishMode string

const (
	publishComplete publishMode = "complete" // those that came to their end and in which something succeeded
	publishAlways   publishMode = "always"   // also those that a limit of the command line ended, or in which all failed
)

// cacheFlags are where answers are cached.
type cacheFlags struct {
	address string // a directory or a Redis URL; "" is no cache
	max     int64  // bytes of a directory; negative is not given
	changed bool
}

// A progressMode is how a run shows its progress.
type progressMode string

const (
	progressAuto  progressMode = "auto"
	progressBar   progressMode = "bar"
	progressPlain progressMode = "plain"
	progressNone  progressMode = "none"
)

// A proxyFlag is --proxy. An empty text that was given is no proxy, whatever the environment has.
type proxyFlag struct {
	given bool
	text  string
}

// A shardMode is what of an input is in one shard.
type shardMode string

const (
	shardByHost    shardMode = "host"
	shardByRequest shardMode = "request"
)

// A shardFlag is --shard: a part of the input, or auto for asking the environment.
type shardFlag struct {
	input.Shard
	auto bool   // a job engine numbers the jobs, and counts them where Of is 0
	ids  jobIDs // the numbers of all jobs, by auto/0-7; Of is how many they are
}

// jobIDs are the numbers that the jobs of an array have: first, first+step and so on up to last. A step of 0 means that
// they were not given.
type jobIDs struct{ first, last, step int }

// A failureLimit is --max-failures: a number, or a share in percent; a negative count is no limit.
type failureLimit struct {
	count   int64
	percent float64
}
