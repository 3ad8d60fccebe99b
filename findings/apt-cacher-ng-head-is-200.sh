#!/usr/bin/env bash
# apt-cacher-ng answers HEAD of a file that does not exist with 200 and "Content-Length: -1", without asking its origin.
#
# Expected: HEAD has the status that GET has (RFC 9110, 9.3.2), so "curl -I" or a link check tells through a proxy that
#   caches packages which files exist: 404 where the origin says 404, 5xx where it can't be reached.
# Seen: apt-cacher-ng 3.7.4 (Debian 12, newest), remapped to a nginx: HEAD of what it has not stored is "200 OK" with
#   "Content-Length: -1" and no Last-Modified, whether its origin has the file, lacks it (GET: 404), forbids it (403),
#   fails (503), or does not run (503). The origin gets no request for HEAD at all, also not after a GET that ended with
#   404. Once a GET has stored the file HEAD is right. curl refuses the length and exits with 8, Python's http.client
#   takes the answer and says 200.
# Why: for HEAD it makes the header from what is in its store, and starts no download; a size that it does not know is
#   -1, and is printed as a number.
# Why it matters: a check by HEAD of which packages a mirror has is useless behind it, in both directions: strict
#   clients lose each file as a broken answer, lenient ones believe that all exist. GET tells.
set -euo pipefail

dir=$(mktemp -d)
servers=()
finish() {
  for server in "${servers[@]}"; do kill "$server" && wait "$server" || true; done
  chmod -R u+w "$dir" && rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
chmod 755 .
timeout 240 apt-get download -q apt-cacher-ng=3.7.4-1+b2 libevent-{,core-,pthreads-}2.1-7=2.1.12-stable-8+deb12u1 \
  libc-ares2 libwrap0 nginx=1.22.1-9+deb12u11 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
libraries=lib/$(uname -m)-linux-gnu
export LD_LIBRARY_PATH=$dir/root/usr/$libraries:$dir/root/$libraries
port=18761
mkdir -p www/pool cache log conf
echo package >www/pool/there.deb
cp www/pool/there.deb www/pool/stored.deb
cat >nginx.conf <<END
daemon off;
pid $dir/nginx.pid;
error_log $dir/error.log;
events {}
http {
  access_log $dir/origin.log;
  client_body_temp_path $dir/body;
  server {
    listen 127.0.0.1:$port;
    root $dir/www;
    location /forbidden/ { return 403; }
    location /failing/ { return 503; }
  }
}
END
cat >conf/acng.conf <<END
CacheDir: $dir/cache
LogDir: $dir/log
SupportDir: $dir/root/usr/lib/apt-cacher-ng
BindAddress: 127.0.0.1
Port: $((port + 1))
Remap-one: /up ; http://127.0.0.1:$port/
Remap-two: /down ; http://127.0.0.1:1/
END
root/usr/sbin/nginx -p "$dir" -c nginx.conf &>nginx.log & servers+=($!)
root/usr/sbin/apt-cacher-ng -c "$dir/conf" ForeGround=1 &>acng.log & servers+=($!)
for n in 0 1; do
  for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$((port + n))/" && break || sleep 0.1; done
done
for package in apt-cacher-ng nginx; do echo "$package $(dpkg-deb -f "$package"_*.deb Version)"; done

# head FILE: the status and the length in the response to HEAD
head() {
  curl -s --max-time 10 --ignore-content-length -I "http://127.0.0.1:$((port + 1))/$1" | tr -d '\r' |
    awk '/^HTTP/ {status = $2} tolower($1) == "content-length:" {length_ = $2} END {print status, length_}'
}
get() { curl -s --max-time 10 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$((port + 1))/$1"; }

[ "$(get up/pool/stored.deb)" = 200 ]
: >origin.log
for file in pool/there pool/none forbidden/a failing/a; do answers+=("up/$file.deb: HEAD $(head "up/$file.deb")"); done
answers+=("down/a.deb: HEAD $(head down/a.deb)")
asked=$(wc -l <origin.log)
n=0
for file in up/pool/there up/pool/none up/forbidden/a up/failing/a down/a; do
  answers[n]+=", GET $(get $file.deb)"
  n=$((n + 1))
done
again=$(head up/pool/none.deb)
stored=$(head up/pool/stored.deb)
code=0
curl -s --max-time 10 -o /dev/null -I "http://127.0.0.1:$((port + 1))/up/pool/none.deb" || code=$?
printf '%s\n' "${answers[@]}"
echo "requests at the origin for five HEAD: $asked; HEAD after the GET that was 404: $again, of a stored file: $stored"
echo "exit code of curl -I: $code"
[ "${answers[*]}" = "up/pool/there.deb: HEAD 200 -1, GET 200 up/pool/none.deb: HEAD 200 -1, GET 404 \
up/forbidden/a.deb: HEAD 200 -1, GET 403 up/failing/a.deb: HEAD 200 -1, GET 503 down/a.deb: HEAD 200 -1, GET 503" ]
[ "$asked" = 0 ] && [ "$again" = '200 -1' ] && [ "$stored" = '200 8' ] && [ "$code" = 8 ]
