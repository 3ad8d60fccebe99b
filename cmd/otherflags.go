package cmd

// What does here what common flags of curl, wget and aria2 do there, each a hint.
const (
	hintByDefault    = "nothing to add: "
	hintInRecords    = "it is in the Records: "
	hintFollowed     = hintByDefault + "redirects are followed; --max-redirs 0 follows none"
	hintFailing      = hintByDefault + "an answer that is no 2xx is a failure; --accept-status takes others too"
	hintQuiet        = hintByDefault + "in a pipe only JSON lines are written; -q says nothing unless something failed"
	hintContinued    = hintByDefault + "with --save-dir what was cut off goes on where it ended"
	hintUnexpanded   = hintByDefault + "brackets and braces in URLs are taken as they stand"
	hintToDirectory  = "--save-dir DIR saves each body as a file, --name TEMPLATE names it"
	hintJsonBody     = "-d DATA -H 'Content-Type: application/json', or input lines with a \"body\""
	hintUploads      = "-X PUT -d @FILE, or input lines with a \"body\" or \"body_base64\""
	hintNoForm       = "input lines with the whole form as \"body_base64\", and its Content-Type as a header"
	hintInputFile    = "an input file is an argument without a flag: batchfetch urls.txt"
	hintNoRange      = "-H 'Range: bytes=0-999'"
	hintNoReferer    = "-H 'Referer: URL'"
	hintRetries      = "--retries N"
	hintTimeout      = "--timeout 30s is for one exchange, --deadline for the whole run"
	hintParallel     = "-j N is how many requests are in progress at once, --host-concurrency N on one host"
	hintSpeed        = "--bandwidth 10M is for the whole run"
	hintWait         = "--host-rate 1/5s spaces the requests to one host"
	hintNewer        = "--cache DIR fetches only what has changed, and --changed writes only that"
	hintCookieFile   = "-b FILE reads cookies; what answers set is kept for the run"
	hintBothHeaders  = "--headers puts the answer's headers into the Records"
	hintVariables    = "every flag can be set in the environment: --host-rate as BATCHFETCH_HOST_RATE"
	hintConfigFile   = hintVariables + "; " + hintMigration
	hintMigration    = "batchfetch help migration makes an input of the URLs in such a file"
	hintWriteOut     = hintInRecords + "jq takes what you want from them; --timing adds times"
	hintSkipped      = "--skip-existing keeps a saved file that is there; without it the new one takes its place"
	hintOneHost      = "--host-concurrency N is how many requests are in progress at once on one host"
	hintOneTransfer  = "a file comes over one connection; " + hintParallel
	hintUnbuffered   = hintByDefault + "each Record is written as soon as it is whole"
	hintQuery        = "write the query into the URLs"
	hintNoLinks      = "links in pages are not followed: list the URLs; --paginate follows pages of an API"
	hintNoStall      = "--stall-timeout 30s"
	hintUserPassword = "-u USER:PASSWORD"
	hintLogins       = "-u is Basic authentication; there are --digest, --oauth2-bearer and --aws-sigv4 beside it"
	hintBearer       = "--oauth2-bearer TOKEN, or @FILE, in which ps does not show it"
	hintJsonLines    = hintByDefault + "the output is JSON lines, of which jq makes other forms"
	hintReplaced     = hintByDefault + "the file of -o is replaced by a complete run; --resume goes on with it"
	hintBar          = "--progress bar"
	hintSocks        = "-x socks5://HOST:PORT, or socks5h:// where the proxy resolves names"
)

// otherShortFlags are hints for short flags of curl and wget that are none here; curl's meaning where they differ.
var otherShortFlags = map[string]string{
	"L": hintFollowed,
	"s": hintQuiet,
	"S": hintQuiet,
	"f": hintFailing,
	"g": hintUnexpanded,
	"N": hintUnbuffered + "; for wget's, " + hintNewer,
	"Z": hintParallel,
	"m": hintTimeout,
	"t": hintRetries,
	"w": hintWriteOut + "; for wget's, " + hintWait,
	"z": hintNewer,
	"y": hintNoStall,
	"Y": hintNoStall,
	"O": hintToDirectory,
	"J": hintToDirectory,
	"i": hintBothHeaders + "; for wget's, " + hintInputFile,
	"D": hintBothHeaders,
	"C": hintContinued,
	"c": hintCookieFile + "; for wget's, " + hintContinued + "; for -nc, " + hintSkipped,
	"e": hintNoReferer,
	"r": hintNoRange,
	"F": hintNoForm,
	"T": hintUploads + "; for wget's, " + hintNoStall,
	"G": hintQuery,
	"K": hintConfigFile,
	"I": "--head",
	"a": "-o FILE --resume goes on with FILE",
	"U": "-A NAME; for curl's, -x http://USER:PASSWORD@HOST:PORT",
	"#": hintBar,
}

// otherFlags are hints for flags of other programs that are none here, by their names without dashes.
var otherFlags = map[string]string{
	// curl
	"location":              hintFollowed,
	"location-trusted":      "credentials go to no other host; netrc (-n) and --hosts have one for each",
	"max-time":              hintTimeout,
	"retry":                 hintRetries,
	"retry-all-errors":      "--retry-on LIST",
	"retry-connrefused":     hintByDefault + "a refused connection is tried again; --retry-on LIST",
	"parallel":              hintParallel,
	"parallel-max":          hintParallel,
	"parallel-max-host":     hintOneHost,
	"parallel-immediate":    hintByDefault + "connections are opened at once",
	"limit-rate":            hintSpeed,
	"speed-limit":           hintNoStall,
	"speed-time":            hintNoStall,
	"silent":                hintQuiet,
	"show-error":            hintQuiet,
	"no-progress-meter":     "--progress none",
	"progress-bar":          hintBar,
	"fail":                  hintFailing,
	"fail-with-body":        hintFailing,
	"fail-early":            "--fail-fast",
	"remote-name":           hintToDirectory,
	"remote-name-all":       hintToDirectory,
	"remote-header-name":    hintToDirectory,
	"output-dir":            hintToDirectory,
	"create-dirs":           hintByDefault + "--save-dir makes its folders",
	"json":                  hintJsonBody,
	"data-raw":              "-d DATA, or -d @FILE",
	"data-binary":           hintUploads,
	"data-ascii":            "-d DATA",
	"data-urlencode":        "-d DATA, encoded",
	"form":                  hintNoForm,
	"upload-file":           hintUploads,
	"get":                   hintQuery,
	"include":               hintBothHeaders,
	"dump-header":           hintBothHeaders,
	"write-out":             hintWriteOut,
	"cookie-jar":            hintCookieFile,
	"referer":               hintNoReferer,
	"range":                 hintNoRange,
	"continue-at":           hintContinued,
	"config":                hintConfigFile,
	"basic":                 hintByDefault + "-u is Basic authentication",
	"ntlm":                  hintLogins,
	"negotiate":             hintLogins,
	"anyauth":               hintLogins,
	"capath":                "--cacert FILE",
	"pass":                  hintPlainKey,
	"cert-type":             hintPEM,
	"key-type":              hintPEM,
	"netrc-file":            "-n, with the file's name in the variable NETRC",
	"netrc-optional":        "-n",
	"noproxy":               "the variable NO_PROXY",
	"proxy-user":            "-x http://USER:PASSWORD@HOST:PORT, better in the variable BATCHFETCH_PROXY",
	"socks5":                hintSocks,
	"socks5-hostname":       hintSocks,
	"connect-to":            "--resolve HOST:PORT:ADDRESS",
	"max-filesize":          "--max-body SIZE",
	"http1.1":               "--http 1.1",
	"http2":                 "--http 2",
	"http2-prior-knowledge": "--http 2",
	"http3":                 "--http 3",
	"http3-only":            "--http 3",
	"tlsv1.2":               "--tls-min 1.2",
	"tlsv1.3":               "--tls-min 1.3",
	"etag-save":             hintNewer,
	"etag-compare":          hintNewer,
	"time-cond":             hintNewer,
	"url-query":             hintQuery,
	"form-string":           hintNoForm,
	"remove-on-error":       hintByDefault + "a file takes its name when it is whole",
	"globoff":               hintUnexpanded,
	"no-buffer":             hintUnbuffered,
	"trace":                 "-v logs every exchange",
	"trace-ascii":           "-v logs every exchange",

	// wget
	"tries":                hintRetries,
	"wait":                 hintWait,
	"waitretry":            "--retry-delay 1s",
	"random-wait":          hintWait,
	"input-file":           hintInputFile,
	"output-document":      "-o FILE has Records; " + hintToDirectory,
	"directory-prefix":     hintToDirectory,
	"continue":             hintContinued,
	"timestamping":         hintNewer,
	"no-clobber":           hintSkipped,
	"warc-file":            "-o FILE.warc.gz",
	"input-metalink":       hintMigration,
	"server-response":      hintBothHeaders,
	"read-timeout":         hintNoStall,
	"no-directories":       "--name {filename}",
	"page-requisites":      hintNoLinks,
	"convert-links":        hintNoLinks,
	"level":                hintNoLinks,
	"no-parent":            hintNoLinks,
	"span-hosts":           hintNoLinks,
	"spider":               "--head",
	"no-check-certificate": "--insecure",
	"ca-certificate":       "--cacert FILE",
	"certificate":          "--cert FILE",
	"private-key":          "--key FILE",
	"post-data":            "-d DATA",
	"post-file":            "-d @FILE",
	"body-data":            "-d DATA",
	"body-file":            "-d @FILE",
	"method":               "-X METHOD",
	"load-cookies":         hintCookieFile,
	"save-cookies":         hintCookieFile,
	"no-verbose":           hintQuiet,
	"content-disposition":  hintToDirectory,
	"recursive":            hintNoLinks,
	"mirror":               hintNoLinks,
	"dns-timeout":          "--connect-timeout 10s",
	"no-dns-cache":         "--dns-ttl 0",
	"max-redirect":         "--max-redirs N",
	"retry-on-http-error":  "--retry-on LIST",
	"inet4-only":           "--ipv4",
	"inet6-only":           "--ipv6",

	// aria2
	"max-concurrent-downloads":   hintParallel,
	"max-connection-per-server":  hintOneTransfer,
	"conditional-get":            hintNewer,
	"parameterized-uri":          hintUnexpanded,
	"metalink-file":              hintMigration,
	"auto-file-renaming":         hintSkipped,
	"allow-overwrite":            hintSkipped,
	"split":                      hintOneTransfer,
	"max-tries":                  hintRetries,
	"retry-wait":                 "--retry-delay 1s",
	"dir":                        hintToDirectory,
	"out":                        hintToDirectory,
	"max-download-limit":         hintSpeed,
	"max-overall-download-limit": hintSpeed,
	"lowest-speed-limit":         hintNoStall,
	"check-certificate":          "--insecure",
	"all-proxy":                  "-x URL",
	"http-proxy":                 "-x URL",
	"https-proxy":                "-x URL",
	"http-user":                  hintUserPassword,
	"http-passwd":                hintUserPassword,
	"password":                   hintUserPassword,
	"checksum":                   "input lines with a \"sha256\"",
	"save-session":               "--failures FILE, to be given as an input again",

	// wget2, xargs, GNU parallel and HTTPie
	"max-threads":  hintParallel,
	"max-procs":    hintParallel,
	"jobs":         hintParallel,
	"arg-file":     hintInputFile,
	"keep-order":   "--ordered",
	"joblog":       hintInRecords + "each has its status, its attempts and its times",
	"halt":         "--fail-fast, or --max-failures N",
	"delay":        hintWait,
	"auth":         hintUserPassword,
	"follow":       hintFollowed,
	"check-status": hintFailing,
	"verify":       "--insecure",
	"download":     hintToDirectory,

	// hey, oha, wrk and vegeta
	"connections": hintParallel,
	"threads":     hintParallel,
	"rps":         "--rate N/s",
	"qps":         "--rate N/s",

	// what many programs have, and is near to something else here
	"workers":          hintParallel,
	"max-retries":      hintRetries,
	"retry-count":      hintRetries,
	"rate-limit":       "--rate N/s, or --host-rate N/s for each host",
	"follow-redirects": hintFollowed,
	"bearer":           hintBearer,
	"token":            hintBearer,
	"cache-dir":        "--cache DIR",
	"no-cache":         hintByDefault + "nothing is kept without --cache",
	"out-dir":          hintToDirectory,
	"append":           hintReplaced,
	"force":            hintReplaced,
	"overwrite":        hintReplaced,
	"format":           hintJsonLines,
	"output-format":    hintJsonLines,
	"jsonl":            hintJsonLines,
	"pretty":           hintJsonLines,
	"fields":           hintWriteOut,
	"select":           hintWriteOut,
	"dedupe":           "--unique",
	"limit":            "head -n N urls.txt | batchfetch",
	"skip":             "tail -n +N urls.txt | batchfetch",
	"offset":           "tail -n +N urls.txt | batchfetch",
	"shuffle":          "shuf urls.txt | batchfetch",
	"urls":             hintInputFile,
	"list":             hintInputFile,
	"stdin":            "without an argument, and for the argument -, standard input is read",
	"csv":              "--input csv reads a table; the output is JSON lines, of which jq makes other forms",
	"jq":               hintWriteOut,
	"session":          hintCookieFile,
	"all-pages":        "--paginate link, or a JSON pointer (batchfetch help pages)",
	"log":              "messages go to standard error: 2> FILE; -v logs every attempt",
	"log-file":         "messages go to standard error: 2> FILE; -v logs every attempt",
	"debug":            "-v logs every exchange",
	"bar":              hintBar,
	"eta":              hintBar,
}
