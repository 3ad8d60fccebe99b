#!/usr/bin/env bash
# civetweb says "304 Not Modified" of a file under another ETag, as long as its date is not newer.
#
# Expected: where If-None-Match is there, If-Modified-Since is not looked at (RFC 9110, 13.1.3 and 13.2.2): a tag that
#   does not match is 200 with the new file.
# Seen: civetweb 1.15 (Debian 12). A client has a file with its ETag and Last-Modified; then an older copy is put
#   back, with another content, size and an older date, as restoring a backup, a rollback, or rsync -t does.
#   If-None-Match alone: 200 and the file. The same with If-Modified-Since beside it, as a client sends that has both:
#   304, and the ETag of that very 304 is the new one.
# Why: either of the two conditions is enough for a 304.
# Why it matters: a fetcher that sends all validators it has, which is what RFC 9111 (4.3.1) tells it to do, never
#   sees the file that is served now, in no later run either; it reports "unchanged". Worse, one that updates what it
#   stores from the 304 keeps the old bytes under the new tag, and is wrong for good. The tag of a 304 has to be
#   compared.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
timeout 120 apt-get download -q civetweb=1.15+dfsg-4 libcivetweb1=1.15+dfsg-4 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu
mkdir www
seq 4000 >www/rows.csv
touch -d '1 hour ago' www/rows.csv
port=18499
root/usr/bin/civetweb -document_root "$dir/www" -listening_ports "127.0.0.1:$port" &>server.log &
server=$!
for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/rows.csv" && break || sleep 0.1; done
echo "civetweb $(dpkg-deb -f civetweb_*.deb Version)"

# ask HEADER...: status, ETag, bytes of the body
ask() {
  local header=()
  for line in "$@"; do header+=(-H "$line"); done
  : >body
  curl -s --max-time 10 -o body -D head "${header[@]}" "http://127.0.0.1:$port/rows.csv"
  echo "$(awk 'NR == 1 {print $2}' head) $(field etag) $(stat -c %s body)"
}

field() { grep -i "^$1:" head | tr -d '\r' | cut -d' ' -f2-; }

first=$(ask)
tag=$(field etag)
date=$(field last-modified)
seq 100 >www/rows.csv
touch -d '1 day ago' www/rows.csv
by_tag=$(ask "If-None-Match: $tag")
both=$(ask "If-None-Match: $tag" "If-Modified-Since: $date")
now=$(ask)
echo "first:                $first"
echo "older file, by tag:   $by_tag"
echo "older file, by both:  $both"
echo "older file, now:      $now"
new=$(cut -d' ' -f2 <<<"$now")
[ "$new" != "$tag" ] && [ "$by_tag" = "$now" ] && [ "$both" = "304 $new 0" ]
