#!/usr/bin/env bash
# Apache drops the Content-Length of a CGI script, so what a killed script had written is a complete answer.
#
# Expected: a script that announces 5000 bytes and dies after 3000 is a 200 with Content-Length: 5000 on a connection
#   that closes early, or a 502: RFC 9112 section 8 has the length so that a client notices, and Apache knows that the
#   script was killed.
# Seen: Apache 2.4.71 (Debian 12), mod_cgid, script killed by a signal after 3000 of the 5000 bytes that it announced.
#   The answer is 200 without a length, "Transfer-Encoding: chunked", ended by a proper last chunk, and the connection
#   is kept. Nothing tells it from a whole one; curl exits with 0. The length that the script gave comes back only with
#   "SetEnv ap_trust_cgilike_cl 1": then curl exits with 18, "transfer closed with 2000 bytes remaining to read".
# Why: since 2.4.59 lengths of CGI-like backends are not trusted (they could split responses), and the end of the
#   script's output, whatever the reason, is the end of the body. HTTP/1.1 has an unfinished chunk to say "cut", which
#   isn't used.
# Why it matters: exports and reports come out of such scripts, and are the ones that get killed (memory, time
#   limits). A fetcher that takes the framing's word for it saves the first part as a success, and will not try again.
#   Only a checksum, or an end that the format itself has, finds it.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
chmod 755 .
timeout 120 apt-get download -q apache2-bin=2.4.71-1~deb12u1 libapr1=1.7.2-3+deb12u1 \
  libaprutil1=1.6.3-1+deb12u1 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu

mkdir scripts
cat >scripts/export <<'END'
#!/bin/sh
printf 'Content-Type: text/csv\r\nContent-Length: 5000\r\n\r\n'
head -c 3000 /dev/zero | tr '\0' a
kill -9 $$
END
chmod 755 scripts/export
port=18481
{
  echo "ServerRoot $dir"
  echo 'ServerName test.invalid'
  [ "$(id -u)" != 0 ] || printf 'User nobody\nGroup nogroup\n'
  for module in mpm_event authz_core mime alias env cgid; do
    echo "LoadModule ${module}_module $dir/root/usr/lib/apache2/modules/mod_$module.so"
  done
  cat <<END
DefaultRuntimeDir $dir
PidFile $dir/pid
ScriptSock $dir/socket
ErrorLog $dir/error.log
Listen 127.0.0.1:$port
TypesConfig /dev/null
ScriptAlias /plain/ $dir/scripts/
ScriptAlias /trusted/ $dir/scripts/
<Directory $dir/scripts>
Require all granted
</Directory>
<Location /trusted>
SetEnv ap_trust_cgilike_cl 1
</Location>
END
} >config
root/usr/sbin/apache2 -v
root/usr/sbin/apache2 -X -f "$dir/config" &
server=$!
for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/" && break || sleep 0.1; done

# ask PATH: the status, the framing, how many bytes came, and what curl thinks of it
ask() {
  local code=0
  curl -s --max-time 10 -o body -D head "http://127.0.0.1:$port/$1" || code=$?
  echo "$(awk 'NR == 1 {print $2}' head) $(grep -iE '^(content-length|transfer-encoding)' head | tr -d '\r')," \
    "$(stat -c %s body) bytes, curl exits with $code"
}

plain=$(ask plain/export)
trusted=$(ask trusted/export)
echo "killed after 3000 of 5000: $plain"
echo "ap_trust_cgilike_cl:       $trusted"
[ "$plain" = '200 Transfer-Encoding: chunked, 3000 bytes, curl exits with 0' ] &&
  [ "$trusted" = '200 Content-Length: 5000, 3000 bytes, curl exits with 18' ]
