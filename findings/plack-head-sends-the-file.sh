#!/usr/bin/env bash
# Asked for HEAD, Plack's file server sends the whole file under Starman and Starlet, and the next request reads it.
#
# Expected: a response to HEAD has no body (RFC 9110, 9.3.2). Whatever the application returns, the HTTP server leaves
#   it out, as it alone knows where the next response begins on a connection that it keeps.
# Seen: Starman 0.4016 and Starlet 0.31 with Plack 1.0050 (Debian 12), Plack::App::Directory. HEAD of a file of 20000
#   bytes: the header, Content-Length: 20000, and then the 20000 bytes, in a write of their own, on a connection that is
#   kept. The first bytes of the file are what the next request gets for a status line: of a hundred URLs in one
#   "curl -I" a quarter fails, with "Received HTTP/0.9 when not allowed". Which ones is chance: where the file comes early
#   enough, curl sees it and takes a new connection.
# Why: in PSGI the body of HEAD is the application's to leave out; Plack::Middleware::Head does that, nobody enables it.
#   The servers leave it out for 204 and 304 alone, if at all.
# Why it matters: HEAD is what link checkers and inventories of sizes send, one after the other to the same host. URLs
#   that are fine are reported as broken, other ones in each run; a client that trusts more takes what a file says for a
#   response. A line that is no response, on a connection that has been used, belongs to the request
#   before: the next is to be made again over a new connection.
set -euo pipefail

dir=$(mktemp -d)
servers=()
trap '[ -z "${servers[*]}" ] || { kill "${servers[@]}" && wait "${servers[@]}"; } || true; rm -rf "$dir"' EXIT
cd "$dir"
timeout 240 apt-get download -q starman=0.4016-1 starlet=0.31-2 libplack-perl=1.0050-1 \
  libapache-logformat-compiler-perl=0.36-3 libclass-accessor-lite-perl=0.08-3 libcookie-baker-perl=0.11-3 \
  libdata-dump-perl=1.25-1 libdevel-stacktrace-ashtml-perl=0.15-2 libdevel-stacktrace-perl=2.0400-2 \
  libfilesys-notify-simple-perl=0.14-3 libhash-multivalue-perl=0.16-3 libhttp-entity-parser-perl=0.25-2 \
  libhttp-headers-fast-perl=0.22-3 libhttp-multipartparser-perl=0.02-3 libhttp-parser-xs-perl=0.17-2+b2 \
  libhttp-date-perl=6.05-2 libhttp-message-perl=6.44-1 liburi-perl=5.17-1 libtimedate-perl=2.3300-2 \
  libencode-locale-perl=1.05-3 libio-html-perl=1.004-3 liblwp-mediatypes-perl=6.04-2 libio-multiplex-perl=1.16-3 \
  libipc-signal-perl=1.00-10 libnet-server-perl=2.013-2 libparallel-prefork-perl=0.18-1 \
  libposix-strftime-compiler-perl=0.44-3 libproc-wait3-perl=0.05-2+b1 libscope-guard-perl=0.21-2 \
  libserver-starter-perl=0.35-2 libsignal-mask-perl=0.008-3 libstream-buffered-perl=0.03-3 libtry-tiny-perl=0.31-2 \
  libwww-form-urlencoded-perl=0.26-2 libjson-maybexs-perl=1.004004-1 libclass-inspector-perl=1.36-3 \
  libfile-sharedir-perl=1.118-3 libcgi-pm-perl=4.55-1 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
perl=$dir/root/usr/share/perl5
export PERL5LIB=$perl:$dir/root/usr/lib/x86_64-linux-gnu/perl5/5.36
export PATH=$dir/root/usr/bin:$PATH

mkdir www
head -c 20000 < <(seq 10000 19999) >www/rows.txt
echo "use Plack::App::Directory; Plack::App::Directory->new({root => '$dir/www'})->to_app" >app.psgi
timeout 60 perl root/usr/bin/starman --listen 127.0.0.1:18658 --workers 2 app.psgi &>starman.log &
servers+=($!)
timeout 60 perl root/usr/bin/plackup -E deployment -s Starlet --host 127.0.0.1 --port 18659 --max-workers 2 \
  --max-keepalive-reqs 100 --keepalive-timeout 2 app.psgi &>starlet.log &
servers+=($!)
for port in 18658 18659; do
  for _ in $(seq 50); do curl -s -o /dev/null "http://127.0.0.1:$port/rows.txt" && break || sleep 0.1; done
done
perl -MPlack -MStarman -e 'print "Plack $Plack::VERSION, Starman $Starman::VERSION, "'
perl -MPlack::Handler::Starlet -MStarlet -e 'print "Starlet $Starlet::VERSION\n"' 2>/dev/null || echo
curl --version | sed -n '1s/^\(curl [^ ]*\).*/\1/p'

changed=
urls=()
for name in Starman:18658 Starlet:18659; do
  port=${name#*:}
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  printf 'HEAD /rows.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' >&3
  timeout 10 cat <&3 >answer
  exec 3>&-
  sed '1,/^\r$/d' answer >behind
  echo "${name%:*}: $(sed -n '1s/\r$//p' answer), and behind the header $(stat -c %s behind) bytes"
  cmp -s behind www/rows.txt || { echo '  not: the file'; changed=1; }
  urls=()
  for i in $(seq 100); do urls+=("http://127.0.0.1:$port/rows.txt?$i"); done
  { curl -sI --max-time 10 -w '\n>> %{http_code} %{errormsg}\n' "${urls[@]}" || true; } | grep -a '^>>' |
    sort | uniq -c | tee counts
  grep -qE '>> 000' counts || { echo '  not: a URL of a hundred failed'; changed=1; }
done
if [ -z "$changed" ]; then
  echo 'as described: the body of HEAD is there, and later requests trip over it'
else
  echo 'the behaviour has changed'
  exit 1
fi
