#!/usr/bin/env bash
# Behind each thousandth request over an HTTP/2 connection Hypercorn runs those under way and throws the answers away.
#
# Expected: a server that limits the requests of a connection sends GOAWAY with the last stream that it has taken, goes
#   on with those up to it (RFC 9113, 6.8), and closes then; what is behind it is sent again over another connection.
#   nginx (keepalive_requests) does so: nobody loses anything.
# Seen: Hypercorn 0.17.3 (Debian 13), one connection, 50 requests at a time. GOAWAY with NO_ERROR names all that have
#   come, so that a client has to wait for them. The application runs each to its end; no frame of any is sent. The
#   connection stays open and silent until the client sends something, or for 5 seconds. Over HTTP/1.1 nothing is lost.
# Why: keep_alive_max_requests (1000) calls close_connection() of the h2 library, behind which that sends nothing; what
#   it raises for each answer is passed over.
# Why it matters: it is a server for FastAPI, Quart and the like, with HTTP/2 by default where there is TLS. A list of a
#   hundred thousand URLs loses up to a hundred times what was under way: curl reports errors, others wait for 5 seconds
#   each time. Requests that may not be sent twice were carried out. A PING behind GOAWAY shows it at once.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill -9 "$server" && wait "$server"; } 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
chmod 755 .
mkdir -p apt/lists/partial apt/archives/partial
touch apt/status
sed s/bookworm/trixie/g /etc/apt/sources.list.d/debian.sources >apt/next.sources
cat >apt/conf <<END
Dir::State "$dir/apt";
Dir::State::status "$dir/apt/status";
Dir::Cache "$dir/apt";
Dir::Etc::sourcelist "$dir/apt/next.sources";
Dir::Etc::sourceparts "/dev/null";
Acquire::Languages "none";
END
export APT_CONFIG=$dir/apt/conf
timeout 120 apt-get update -q &>/dev/null
timeout 120 apt-get download -q python3-hypercorn=0.17.3-2 python3-h2=4.2.0-1 python3-hpack=4.0.0-3 \
  python3-hyperframe=6.0.0-1 python3-priority=2.0.0-1 python3-wsproto=1.2.0-1 python3-h11=0.14.0-1.1 &>/dev/null
unset APT_CONFIG
timeout 120 apt-get download -q python3.11-minimal=3.11.2-6+deb12u9 libpython3.11-minimal=3.11.2-6+deb12u9 \
  libpython3.11-stdlib=3.11.2-6+deb12u9 python3-typing-extensions=4.4.0-1 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export PYTHONHOME=$dir/root/usr PYTHONPATH=$dir/root/usr/lib/python3/dist-packages:$dir PYTHONDONTWRITEBYTECODE=1
python=$dir/root/usr/bin/python3.11

cat >app.py <<'END'
import asyncio

ran = 0

async def app(scope, receive, send):
    global ran
    if scope["type"] != "http":
        return
    body = b"%d" % ran
    if scope["path"] == "/page":
        ran += 1
        await asyncio.sleep(0.02)
        body = b"page"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
END
cat >client.py <<'END'
import socket, sys, time
import h2.config, h2.connection, h2.events

# Sends 20 times 50 requests over a connection, and then 50 more; says what became of those.
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
c = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
c.initiate_connection()
ended, left = set(), None

def take(seconds, enough):
    global left
    until = time.monotonic() + seconds
    while len(ended) < enough and (now := time.monotonic()) < until:
        s.settimeout(until - now)
        try:
            data = s.recv(65536)
        except TimeoutError:
            return "silent"
        if not data:
            return "closed"
        for event in c.receive_data(data) if left is None else []:
            if isinstance(event, h2.events.StreamEnded):
                ended.add(event.stream_id)
            elif isinstance(event, h2.events.ConnectionTerminated):
                left = event
        if left is None:
            s.sendall(c.data_to_send())
    return "answered"

def ask():
    for _ in range(50):
        c.send_headers(c.get_next_available_stream_id(), [(":method", "GET"), (":scheme", "http"),
            (":authority", "a.test"), (":path", "/page")], end_stream=True)
    s.sendall(c.data_to_send())

for n in range(20):
    ask()
    take(20, 50 * (n + 1))
first = len(ended)
ask()
how = take(2, first + 50)
print(f"{first} answered; {len(ended) - first} of 50 more, GOAWAY code {int(left.error_code)}, last stream",
      left.last_stream_id, f"of {2 * (first + 50) - 1}; {how}", end="")
s.sendall(b"\0\0\x08\x06\0\0\0\0\0" + bytes(8))  # a PING
print(", and with a PING", take(2, first + 50))
END

port=18731
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 \
  -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null
"$python" -c 'from hypercorn.__main__ import main; main()' -w 0 --certfile cert.pem --keyfile key.pem \
  -b "127.0.0.1:$((port + 1))" --insecure-bind "127.0.0.1:$port" app:app &>log & server=$!
url=http://127.0.0.1:$port
for _ in $(seq 200); do curl -s -o /dev/null "$url/ready" && break || sleep 0.1; done
changed=
expect() { # NAME GOT WANTED
  echo "$1: $2"
  [[ $2 == $3 ]] || { echo "  not: $3"; changed=1; }
}
echo "hypercorn $(dpkg-deb -f python3-hypercorn_*.deb Version), $(curl --version | cut -d' ' -f1-2 | head -1)"
expect 'one connection' "$("$python" client.py "$port")" \
  '1000 answered; 0 of 50 more, GOAWAY code 0, last stream 2099 of 2099; silent, and with a PING closed'
expect 'requests that the application ran' "$(curl -s "$url/ran")" 1050
for _ in $(seq 1500); do printf 'url = "https://127.0.0.1:%s/page"\noutput = "/dev/null"\n' $((port + 1)); done >list
# lost OPTION: how many of 1500 requests of curl fail, 50 at a time
lost() {
  timeout 60 curl -s "$1" --cacert cert.pem -Z --parallel-max 50 -K list -w '%{exitcode}\n' 2>/dev/null >codes || true
  grep -vcx 0 codes || true
}
expect 'curl, HTTP/1.1, of 1500 lost' "$(lost --http1.1)" 0
expect 'curl, HTTP/2, of 1500 lost' "$(lost --http2)" '[1-9]*'
if [ -z "$changed" ]; then
  echo 'as described: what is under way at the thousandth request is lost'
else
  echo 'the behaviour has changed'
  exit 1
fi
