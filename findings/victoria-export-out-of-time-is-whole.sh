#!/usr/bin/env bash
# An export of VictoriaMetrics whose time is over is a whole answer: 200, the last chunk, an error text among its lines.
#
# Expected: timeout=2s (or -search.maxExportDuration) bounds the work of the query. Where a handler of a Go server fails
#   behind the header, it panics with http.ErrAbortHandler: the last chunk is missing, the connection closes, and a
#   client knows that the body is not whole.
# Seen: victoria-metrics 1.79.5 (Debian 12), 400 series of 3,000 samples, 25 MB of JSON lines. A client that reads at
#   full speed gets all 400 lines. One that reads 2 MB a second gets 200, "application/stream+json",
#   some 200 lines, then one that begins "remoteAddr: ..." and says "timeout exceeded during query execution", and the
#   last chunk: curl exits with 0. /api/v1/export/csv does the same.
# Why: the lines are written as the client takes them, and the time is looked at between two of them, so that the time
#   of the transfer counts; http.Error then writes its text into the body that has begun, and the handler returns.
# Why it matters to a batch fetcher: how much of an export comes is a matter of one's own bandwidth (--limit-rate, many
#   transfers at once, a slow disk), and a half is a success with a checksum of its own, that is cached and never asked
#   for again. JSON by the line shows it only to who parses each line, CSV to nobody. What is left is to count series,
#   or to export by small ranges of time.
set -euo pipefail

dir=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
  rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
chmod 755 .
timeout 100 apt-get download -q victoria-metrics=1.79.5+ds1-2+b5 &>/dev/null
dpkg -x victoria-metrics_*.deb root
port=18877 url=http://127.0.0.1:18877
timeout 110 root/usr/bin/victoria-metrics -storageDataPath=data -retentionPeriod=100y \
  -httpListenAddr="127.0.0.1:$port" >log 2>&1 &
server=$!
for _ in $(seq 300); do curl -s -o /dev/null "$url/health" && break || sleep 0.1; done
dpkg-deb -f victoria-metrics_*.deb Package Version
curl --version | cut -d' ' -f1-2 | head -1

awk 'BEGIN {
  for (s = 0; s < 400; s++) {
    printf "{\"metric\":{\"__name__\":\"n%d\",\"job\":\"k\"},\"values\":[0", s
    for (i = 1; i < 3000; i++) printf ",%.2f", i * 1.37
    printf "],\"timestamps\":[1700000000000"
    for (i = 1; i < 3000; i++) printf ",%.0f", 1700000000000 + i * 15000
    print "]}"
  }
}' >series
curl -s --data-binary @series "$url/api/v1/import"
count() { curl -sG --data-urlencode 'match[]={job="k"}' -d start=1699999000 -d end=1700100000 "$url/api/v1/series"; }
for _ in $(seq 300); do [ "$(count | grep -o '"__name__"' | wc -l)" = 400 ] && break || sleep 0.1; done
sleep 2 # until all samples can be read

# export_ KIND RATE: how an export ends, and what came of it
export_() {
  local code=0
  curl -sG --max-time 40 --limit-rate "$2" --data-urlencode 'match[]={job="k"}' -d start=1699999000 -d end=1700100000 \
    -d timeout=2s -d format=__name__,__value__,__timestamp__:unix_s -o body -w '%{http_code}' \
    "$url/api/v1/$1" >status || code=$?
  if [ "$1" = export ]; then
    lines=$(grep -c '^{"metric".*}$' body || true) all=400
  else
    lines=$(wc -l <body) all=1200000
  fi
  echo "curl exits with $code, $(cat status), $([ "$lines" -ge "$all" ] || echo 'not ')all lines," \
    "$(grep -c 'timeout exceeded during query execution: 2.000 seconds' body || true) with an error text"
}
changed=
expect() { # NAME GOT WANTED
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "  not: $3"; changed=1; }
}
expect 'JSON lines, at full speed' "$(export_ export 1000M)" 'curl exits with 0, 200, all lines, 0 with an error text'
expect 'JSON lines, 2 MB a second' "$(export_ export 2M)" 'curl exits with 0, 200, not all lines, 1 with an error text'
tail -1 body | grep -o 'error when.*' | cut -c1-200
expect 'CSV, 2 MB a second' "$(export_ export/csv 2M)" 'curl exits with 0, 200, not all lines, 1 with an error text'
if [ -z "$changed" ]; then
  echo 'as described: a part of an export is a whole answer'
else
  echo 'the behaviour has changed'
  exit 1
fi
