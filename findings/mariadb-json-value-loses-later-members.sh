#!/usr/bin/env bash
# MariaDB: JSON_VALUE is NULL, without a warning, for each member that stands behind one that is nested too deeply.
#
# Expected: a JSON text beyond the limit of 32 levels (MariaDB's documentation) is an error for each function that reads
#   it, as it is for JSON_TABLE, or at least a warning, as JSON_EXTRACT gives one for any path.
# Seen: MariaDB 10.11.19 (Debian 12), a line of an API's answer with a body of 40 levels, and the members url before and
#   status behind it. JSON_VALUE(line, '$.url') is the URL, JSON_VALUE(line, '$.status') is NULL, and there is no
#   warning, note or error, in strict mode either. With a body of 30 levels, and with the body as the last member, it is
#   200. JSON_VALID is 0, JSON_EXTRACT is NULL for both, with a warning.
# Why: the text is read up to the member wanted. Too deep a value ends that, and JSON_VALUE drops the error.
# Why it matters: JSON lines are loaded as text and taken apart by JSON_VALUE, one column each. A single answer with a
#   deep tree (a thread of comments, a syntax tree, rich text) loses some columns of its row, depending on the order of
#   members, and SUM, WHERE and GENERATED columns go on without them. CHECK (JSON_VALID(line)), which the type JSON has,
#   refuses such a row; a body that is a string, as text, has no depth.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
chmod 755 .
version=1:10.11.19-0+deb12u1
timeout 120 apt-get download -q mariadb-server-core=$version mariadb-client-core=$version libmariadb3=$version \
  libaio1=0.3.113-4 liburing2=2.3-3 libnuma1=2.0.16-1 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu:$dir/root/lib/x86_64-linux-gnu
mkdir data
root/usr/sbin/mariadbd --no-defaults --user="$(id -un)" --datadir="$dir/data" --skip-grant-tables --skip-networking \
  --lc-messages-dir="$dir/root/usr/share/mysql" --socket="$dir/socket" &>log &
server=$!
sql() { root/usr/bin/mariadb --no-defaults -N --show-warnings -S "$dir/socket" -e "$1" 2>&1; }
for _ in $(seq 100); do sql 'SELECT 1' &>/dev/null && break || sleep 0.1; done

sql 'SELECT version()'
failed=0
# value FUNCTION WANTED LINE MEMBER: what the function makes of a member, and the warning, where there is one
value() {
  local seen
  seen=$(sql "SET sql_mode = 'STRICT_ALL_TABLES'; SELECT $1(line, '\$.$4') FROM (SELECT '$3' AS line) t" | cut -c1-66)
  echo "  $1(line, '\$.$4') is" $seen
  [[ $seen == $2 ]] || failed=1
}
deep() { python3 -c "print('[' * $1 + '1' + ']' * $1)"; }
echo 'url, a body of 30 levels, status:'
line="{\"url\":\"a\",\"body\":$(deep 30),\"status\":200}"
value JSON_VALUE a "$line" url
value JSON_VALUE 200 "$line" status
echo 'url, a body of 40 levels, status:'
line="{\"url\":\"a\",\"body\":$(deep 40),\"status\":200}"
value JSON_VALUE a "$line" url
value JSON_VALUE NULL "$line" status
value JSON_EXTRACT $'NULL\nWarning*Limit of 32*' "$line" status
echo 'url, status, a body of 40 levels:'
line="{\"url\":\"a\",\"status\":200,\"body\":$(deep 40)}"
value JSON_VALUE 200 "$line" status
exit "$failed"
