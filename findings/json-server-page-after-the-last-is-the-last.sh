#!/usr/bin/env bash
# json-server 1.0 answers a page after the last with the last page again: who counts until a page is empty never ends.
#
# Expected: a page beyond the end is empty ([] or "data": []), or 404, as with most APIs that count pages; json-server
#   0.17.4, which npm still installs by default, has an empty array for it.
# Seen: json-server 1.0.0-beta.15 (newest). Of 5 items by 2 the pages 4 and 99 are page 3, with status 200, the item of
#   page 3, "last": 3 and "next": null; nothing tells which page was asked for. ?_start= beyond the end is empty.
# Why it matters: it is the mock that scripts for paged APIs are written against. A loop "until a page is empty" ended
#   with 0.17; now it asks for ever, and has the last items once a page. A fetcher has to notice that a page is the one
#   before it, or go by "next".
set -euo pipefail

dir=$(mktemp -d)
servers=()
trap 'for pid in "${servers[@]}"; do kill "$pid" || true; wait "$pid" || true; done 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir"

# start NAME VERSION PORT COMMAND
start() {
  mkdir "$1"
  (cd "$1" && timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts "json-server@$2" >/dev/null 2>&1)
  echo '{"items":[{"id":"1"},{"id":"2"},{"id":"3"},{"id":"4"},{"id":"5"}]}' >"$1/db.json"
  echo "json-server $(sed -n 's/^ *"version": "\(.*\)",$/\1/p' "$1/node_modules/json-server/package.json") on port $3"
  (cd "$1" && exec timeout 60 node "node_modules/json-server/$4" --host 127.0.0.1 --port "$3" db.json >log 2>&1) &
  servers+=($!)
  for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$3/items" && break || sleep 0.1; done
}

# ids PORT QUERY: the ids of the items of a page, whichever form that has
ids() {
  curl -s --max-time 10 "http://127.0.0.1:$1/items?$2" |
    node -e 'const p = JSON.parse(require("fs").readFileSync(0)); console.log((p.data ?? p).map(i => i.id).join(" "))'
}

start old 0.17.4 18493 lib/cli/bin.js
start new 1.0.0-beta.15 18494 lib/bin.js
old='' new=''
for page in 1 2 3 4 99; do
  old+="$(ids 18493 "_page=$page&_limit=2")/"
  new+="$(ids 18494 "_page=$page&_per_page=2")/"
done
start=$(ids 18494 '_start=6&_end=8')
echo "pages 1, 2, 3, 4, 99 of 0.17:  $old"
echo "pages 1, 2, 3, 4, 99 of 1.0:   $new"
echo "_start behind the end of 1.0:  '$start'"
[ "$old" = '1 2/3 4/5///' ] && [ "$new" = '1 2/3 4/5/5/5/' ] && [ -z "$start" ]
