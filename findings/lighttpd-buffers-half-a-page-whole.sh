#!/usr/bin/env bash
# lighttpd gives the half of a page whose backend died a Content-Length of its own, before it has sent a byte.
#
# Expected: a proxy that collects a response before it passes it on, and sees the backend's connection end without the
#   last chunk, or reset, has sent nothing yet and can answer 502 (RFC 9110, 15.6.3; an unfinished chunked body is
#   incomplete, RFC 9112, 8). Collecting is safer in that than passing on at once, where only hanging up is left.
# Seen: lighttpd 1.4.69, mod_proxy, a backend that is killed after 100 of the 200 lines of a chunked page. As it is by
#   default (server.stream-response-body = 0): 200, "Content-Length: 1500", 100 lines, and curl
#   exits with 0. So it is where the backend's connection is reset: then the log says "response already sent out,
#   [...] terminating connection", which is not so. With server.stream-response-body = 1 both pages are cut, and curl
#   exits with 18. FastCGI does as mod_proxy, with PHP-FPM 8.2 when request_terminate_timeout ends the script.
# Why: what has been collected when the backend ends is the body, for whatever reason it ended, and its length is then
#   counted for the header. Only a Content-Length of the backend's own is kept, and tells.
# Why it matters: here the length is no proof that a body is whole; it is what a fetcher trusts most. The halves of
#   exports whose worker ran out of time or memory are successes, and their size agrees with what was announced.
set -euo pipefail

dir=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do { kill "$pid" && wait "$pid"; } &>/dev/null || true; done
  rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
timeout 240 apt-get download -q lighttpd=1.4.69-1 libnettle8 libpcre2-8-0 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(echo "$dir"/root/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH
backend=24981

cat >backend.py <<'END'
import http.server, os, signal, socket, struct, sys, time

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        whole = self.path == "/length"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header(*(("Content-Length", "3000") if whole else ("Transfer-Encoding", "chunked")))
        self.end_headers()
        lines = b"a line of rows\n" * 100
        self.wfile.write(lines if whole else b"%x\r\n%s\r\n" % (len(lines), lines))
        time.sleep(0.2)
        if self.path == "/reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        os.kill(os.getpid(), signal.SIGKILL)

    def log_message(self, *_):
        pass

class Server(http.server.HTTPServer):
    def process_request(self, request, address):  # a process for each request, as servers that fork have
        if os.fork() == 0:
            self.socket.close()
            self.finish_request(request, address)
            os._exit(0)
        request.close()

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
END
python3 backend.py "$backend" &
pids+=($!)
for stream in 0 1; do
  cat >"config$stream" <<END
server.port = $((backend + 1 + stream))
server.bind = "127.0.0.1"
server.document-root = "$dir"
server.errorlog = "$dir/log$stream"
server.modules = ("mod_proxy")
server.stream-response-body = $stream
proxy.server = ("" => (( "host" => "127.0.0.1", "port" => $backend )))
END
done
sed -i /stream-response-body/d config0 # it is the default
for _ in $(seq 100); do (: <>"/dev/tcp/127.0.0.1/$backend") 2>/dev/null && break || sleep 0.1; done
root/usr/sbin/lighttpd -v | sed -n 1p
for stream in 0 1; do
  root/usr/sbin/lighttpd -D -m root/usr/lib/lighttpd -f "config$stream" &>/dev/null &
  pids+=($!)
  for _ in $(seq 100); do (: <>"/dev/tcp/127.0.0.1/$((backend + 1 + stream))") 2>/dev/null && break || sleep 0.1; done
done

# ask STREAM PATH: curl's exit code, the status, the framing, and how many lines came
ask() {
  local code=0
  curl -s --max-time 10 -o body -D head "http://127.0.0.1:$((backend + 1 + $1))/$2" || code=$?
  echo "$code: $(awk 'NR == 1 {print $2}' head), $(tr -d '\r' <head |
    grep -iE '^(content-length|transfer-encoding)' | tr '\n' ' ')$(wc -l <body) lines"
}
result=0
# want STREAM PATH EXPECTED
want() {
  local got
  got=$(ask "$1" "$2")
  echo "stream-response-body = $1, /$2: curl $got"
  [ "$got" = "$3" ] || result=1
}
want 0 killed '0: 200, Content-Length: 1500 100 lines'
want 0 reset '0: 200, Content-Length: 1500 100 lines'
want 0 length '18: 200, Content-Length: 3000 100 lines'
want 1 killed '18: 200, Transfer-Encoding: chunked 100 lines'
want 1 reset '18: 200, Transfer-Encoding: chunked 100 lines'
want 1 length '18: 200, Content-Length: 3000 100 lines'
grep -o 'response already sent out.*' log0
exit "$result"
