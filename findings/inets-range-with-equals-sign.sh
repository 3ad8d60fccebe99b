#!/usr/bin/env bash
# Erlang's httpd writes "Content-Range: bytes=10000-19999/20000": curl and aria2c go on with a download, wget never does.
#
# Expected: a 206 has "Content-Range: bytes 10000-19999/20000", with a space (RFC 9110, 14.4): the sign of equality is
#   that of the request's Range. A range behind the end is 416 with "bytes */20000" (15.5.17), from which one sees that
#   the file is there already. Who can't parse a Content-Range must not join the parts (15.3.7).
# Seen: inets 8.2.2 (Erlang/OTP 25.2.3, Debian 12), httpd with mod_range and mod_get. Its parts have the right bytes, and
#   each has the sign. curl 7.88.1 and aria2c 1.36.0 take it for a space: whole file, exit code 0. wget 1.21.3 says
#   "206 Partial Content", "Giving up", exit code 4, and so at each further call. A range behind the end is 500.
# Why: "bytes=" is a literal of mod_range, for the parts of a multipart answer too; what it says of a range out of bounds
#   ends as an error of the server.
# Why it matters: it is in what is written in Erlang and serves files by the library at hand. A client that is strict
#   fails all retries of a download that broke off, with a text that blames nobody; one that is lenient joins what it
#   has not checked. The third way is to fetch all of it again; and the end of a file that is whole already is an error
#   of the server, which is worth a retry each time.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server" && wait "$server"; } || true; rm -rf "$dir"' EXIT
cd "$dir"
chmod 755 .
erlang=1:25.2.3+dfsg-1+deb12u4
timeout 240 apt-get download -q erlang-{base,inets,runtime-tools,mnesia}="$erlang" wget=1.21.3-1+deb12u1 \
  aria2=1.36.0-1 libaria2-0=1.36.0-1 libc-ares2=1.18.1-3 libssh2-1=1.10.0-3+deb12u1 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu ROOTDIR=$dir/root/usr/lib/erlang EMU=beam PROGNAME=erl HOME=$dir
export BINDIR=$ROOTDIR/erts-13.1.5/bin
wget=$dir/root/usr/bin/wget
aria2c=$dir/root/usr/bin/aria2c

port=18655
mkdir www
seq 10000 19999 | head -c 20000 >www/rows.txt
timeout 120 "$BINDIR/erlexec" -noshell -noinput -eval "ok = inets:start(), {ok, _} = inets:start(httpd, [
  {port, $port}, {bind_address, {127,0,0,1}}, {server_name, \"localhost\"}, {server_root, \".\"},
  {document_root, \"www\"}, {modules, [mod_alias, mod_range, mod_get]}, {mime_types, [{\"txt\", \"text/plain\"}]}])." \
  &>erlang.log &
server=$!
url=http://127.0.0.1:$port/rows.txt
for _ in $(seq 200); do curl -s -o /dev/null "$url" && break || sleep 0.1; done

curl -sS -o /dev/null -D - "$url" | tr -d '\r' | grep -i "^server:"
"$wget" --version | head -1
"$aria2c" --version | head -1
curl --version | cut -d' ' -f1-2 | head -1

# go_on NAME COMMAND...: has a command go on with half of the file, in the folder NAME
go_on() {
  mkdir "$1"
  head -c 10000 www/rows.txt >"$1/rows.txt"
  local code=0 end=half
  "${@:2}" "$url" &>"$1.log" || code=$?
  cmp -s "$1/rows.txt" www/rows.txt && end=whole
  echo "exit code $code, $end"
}
changed=
expect() { # NAME GOT WANTED
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "  not: $3"; changed=1; }
}
ask() { curl -sS --max-time 10 -o body -D - -H "Range: bytes=$1" "$url" | tr -d '\r' | sed -n 's/^HTTP[^ ]* //p; s/^Content-Range: //ip' | tr '\n' ' '; }
expect '10000-' "$(ask 10000-)" '206 Partial Content bytes=10000-19999/20000 '
cmp -s body <(tail -c 10000 www/rows.txt) || { echo '  not the end of the file'; changed=1; }
expect '20000-' "$(ask 20000-)" '500 Internal Server Error '
expect curl "$(go_on c curl -sS --max-time 20 -C - -o c/rows.txt)" 'exit code 0, whole'
expect aria2c "$(go_on a "$aria2c" -q --max-tries=2 --timeout=10 -c -d a -o rows.txt)" 'exit code 0, whole'
expect wget "$(go_on w "$wget" --tries=2 --timeout=10 -c -O w/rows.txt)" 'exit code 4, half'
grep -m 1 'Giving up' w.log || { echo '  wget did not give up'; changed=1; }
if [ -z "$changed" ]; then
  echo 'as described: of the clients that go on with half of a file wget can not'
else
  echo 'the behaviour has changed'
  exit 1
fi
