#!/usr/bin/env bash
# Redis Streams: whoever looks at what a dead consumer has left keeps others from taking it over.
#
# Expected: XREADGROUP with an id in place of > "returns the history of the consumer", the entries that are pending for
#   it. It delivers nothing new, so that it is a read: the time for which they have been idle, by which XAUTOCLAIM finds
#   those of a dead consumer, goes on, as it does where XPENDING and XRANGE show the same.
# Seen: redis-server 7.0.15 (Debian 12; Valkey 8.0.1 and Redict 7.3.6 do the same). It counts as another delivery: the
#   idle time of each entry that it returns begins anew, and its delivery counter goes up by one. XAUTOCLAIM with a
#   min-idle-time of 2 s finds nothing, however long the consumer has been dead, as long as somebody looks once a
#   second.
# Why it matters: a worker of a batch that dies loses nothing because others claim its entries after a time. A health
#   check or dashboard that lists the backlog of each worker by its history, or a consumer that checks by it at its
#   start whether it may read, as ours did, puts that off for ever, or by one more period at each start; and one that
#   takes entries with a high delivery counter for poison drops good ones. XPENDING with XRANGE shows the same and
#   changes nothing.
set -euo pipefail

dir=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  wait || true
  rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
chmod 755 .
version=5:7.0.15-1~deb12u10
timeout 120 apt-get download -q redis-server=$version redis-tools=$version &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
port=18461
(exec -a redis-server root/usr/bin/redis-check-rdb --port $port --bind 127.0.0.1 --save '' --appendonly no) &>log &
server=$!
redis() { root/usr/bin/redis-cli -p $port "$@"; }
for _ in $(seq 50); do
  [ "$(redis ping 2>/dev/null)" != PONG ] || break
  sleep 0.1
done
redis info server | grep ^redis_version
redis xgroup create jobs pull 0 mkstream >/dev/null
redis xadd jobs '*' url http://127.0.0.1/ >/dev/null

echo "dead takes one entry, and is never seen again:"
redis xreadgroup group pull dead count 10 streams jobs '>' >/dev/null
pending() { redis xpending jobs pull - + 10 | sed -n '3,4p' | tr '\n' ' '; }
sleep 3
read -r idle count <<<"$(pending)"
echo "after 3 s: idle $idle ms, delivered $count times"
redis xrange jobs - + >/dev/null
read -r after_range _ <<<"$(pending)"
for _ in 1 2 3; do
  redis xreadgroup group pull dead count 10 streams jobs 0 >/dev/null
  sleep 1
done
read -r after_history times <<<"$(pending)"
echo "after XRANGE: idle $after_range ms"
echo "after 3 looks at the history in 3 s: idle $after_history ms, delivered $times times"
claimed=$(redis xautoclaim jobs pull alive 2000 0 justid | grep -c -e '^[0-9]*-[1-9]' -e '^[1-9][0-9]*-0' || true)
echo "alive claims what is idle for 2 s, 6 s after the end of dead: $claimed entries"
[ "$idle" -ge 3000 ] && [ "$count" = 1 ] && [ "$after_range" -ge 3000 ]
[ "$after_history" -lt 2000 ] && [ "$times" = 4 ] && [ "$claimed" = 0 ]
sleep 2
redis xautoclaim jobs pull alive 2000 0 justid | grep -q -e '-0$'
echo "2 s after the last look it can be claimed"
