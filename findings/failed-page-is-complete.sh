#!/usr/bin/env bash
# A page that fails half-way is complete with Tornado, Twisted and the JDK's server: the last chunk comes all the same.
#
# Expected: an exception behind the first chunks of a page leaves it without its last chunk, and the connection closes:
#   that is how HTTP/1.1 says that a page is not whole (RFC 9112, 8 and 7.1), and what a client tries again by. aiohttp,
#   gunicorn, waitress, uvicorn, Jetty, Tomcat and Twisted's own WSGI server do so.
# Seen: Tornado 6.2, Twisted 22.4 (Debian 12; 6.4.2 and 24.11 of Debian 13 too), com.sun.net.httpserver of OpenJDK 17
#   (25, too), 100 of 200 lines of JSON written, then an exception. All: 200, the lines so far, the last chunk, and the
#   connection is kept; curl exits with 0. With Twisted an HTML page, "Processing Failed", follows the last line.
#   HttpCore 5.2.2 (Debian 13) does as the JDK's. With a Content-Length curl notices that less came.
# Why: what handles the exception ends the response as any other: RequestHandler.send_error calls finish(), and
#   Request.processingFailed writes its page. In Java it is the usual form, try (var out = exchange.getResponseBody()):
#   it closes the body on the way out, which writes the last chunk. Without "try" the JDK's server hangs up.
# Why it matters: Jupyter Server, Buildbot, Matrix Synapse and Scrapyd stand on the first two, exporters and servers for
#   tests on the last. The halves of an export come as successes, are cached and never asked for again; only the server's
#   log knows. What is left is a count, a checksum or a last line that the format itself has.
set -euo pipefail

dir=$(mktemp -d)
servers=()
finish() {
  for server in "${servers[@]}"; do kill "$server" && wait "$server" || true; done
  rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
chmod 755 .
timeout 180 apt-get download -q python3-tornado=6.2.0-3+deb12u4 python3-twisted=22.4.0-4+deb12u1 \
  python3-zope.interface=5.5.2-1+b1 python3-constantly=15.1.0-4 python3-incremental=21.3.0-2 \
  python3-automat=22.10.0-1 python3-hyperlink=21.0.0-5 python3-attr=22.2.0-1 python3-idna=3.3-1+deb12u1 \
  python3-six=1.16.0-4 python3-typing-extensions=4.4.0-1 python3.11-minimal=3.11.2-6+deb12u9 \
  libpython3.11-minimal=3.11.2-6+deb12u9 libpython3.11-stdlib=3.11.2-6+deb12u9 \
  openjdk-17-jre-headless=17.0.21.1+2-1~deb12u1 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
find root -lname '/etc/*' | while read -r link; do ln -sfn "$dir/root$(readlink "$link")" "$link"; done
export PYTHONHOME=$dir/root/usr PYTHONPATH=$dir/root/usr/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1

cat >tornado_server.py <<'END'
import asyncio, sys
import tornado, tornado.web

class Lines(tornado.web.RequestHandler):
    async def get(self):
        self.set_header("Content-Type", "application/jsonl")
        if self.get_argument("length", None):
            self.set_header("Content-Length", "2200")
        for i in range(200):
            if i == 100 and self.get_argument("fails", None):
                raise RuntimeError("the database has gone")
            self.write('{"n": %3d}\n' % i)
            await self.flush()

async def main():
    tornado.web.Application([("/lines", Lines)]).listen(int(sys.argv[1]), "127.0.0.1")
    print("Tornado", tornado.version, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
END
cat >twisted_server.py <<'END'
import sys
import twisted
from twisted.internet import reactor
from twisted.web import resource, server

class Lines(resource.Resource):
    isLeaf = True
    def render_GET(self, request):
        request.setHeader("Content-Type", "application/jsonl")
        for i in range(200):
            if i == 100 and b"fails" in request.args:
                raise RuntimeError("the database has gone")
            request.write(b'{"n": %3d}\n' % i)
        request.finish()
        return server.NOT_DONE_YET

site = server.Site(Lines())
site.displayTracebacks = False
reactor.listenTCP(int(sys.argv[1]), site, interface="127.0.0.1")
print("Twisted", twisted.__version__, flush=True)
reactor.run()
END
cat >Server.java <<'END'
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

public class Server {
  public static void main(String[] args) throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 0);
    server.createContext("/lines", exchange -> {
      String query = String.valueOf(exchange.getRequestURI().getQuery());
      exchange.getRequestBody().readAllBytes();
      exchange.sendResponseHeaders(200, query.contains("length") ? 2200 : 0);
      try (var out = exchange.getResponseBody()) {
        for (int i = 0; i < 200; i++) {
          if (i == 100 && query.contains("fails")) throw new RuntimeException("the database has gone");
          out.write(String.format("{\"n\": %3d}\n", i).getBytes());
        }
      }
    });
    server.start();
    System.out.println("OpenJDK " + System.getProperty("java.version"));
  }
}
END
port=18741
for name in tornado twisted java; do
  case $name in
  java) start=(root/usr/lib/jvm/java-17-openjdk-amd64/bin/java Server.java) ;;
  *) start=(root/usr/bin/python3.11 "${name}_server.py") ;;
  esac
  timeout 150 "${start[@]}" "$port" >"$name.version" 2>"$name.log" & servers+=($!)
  for _ in $(seq 300); do curl -s -o /dev/null "http://127.0.0.1:$port/lines" && break || sleep 0.1; done
  cat "$name.version"
  port=$((port + 1))
done
curl --version | cut -d' ' -f1-2 | head -1

# ask PORT QUERY: how a request ends, how many lines came whole, what is behind them, and whether the next request goes
# over the same connection
ask() {
  local code=0
  curl -s --max-time 10 -o body "http://127.0.0.1:$1/lines?$2" || code=$?
  local connections
  connections=$(curl -s --max-time 10 -o /dev/null -o /dev/null -w '%{num_connects}' "http://127.0.0.1:$1/lines?$2" \
    "http://127.0.0.1:$1/lines?$2" || true)
  echo "exit code $code, $(grep -o '{"n": [ 0-9]*}' body | wc -l) objects, '$(sed 's/{"n": [ 0-9]*}//g' body |
    tr -d '\n' | head -c 40)' behind them, connections made $connections"
}
changed=
expect() { # NAME GOT WANTED
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "  not: $3"; changed=1; }
}
half="exit code 0, 100 objects, '%s' behind them, connections made 10"
for server in Tornado:18741 Twisted:18742 JDK:18743; do
  expect "${server%:*}, whole" "$(ask "${server#*:}" '')" \
    "exit code 0, 200 objects, '' behind them, connections made 10"
done
expect 'Tornado, fails half-way' "$(ask 18741 fails=1)" "$(printf "$half" '')"
expect 'Twisted, fails half-way' "$(ask 18742 fails=1)" "$(printf "$half" '<html><head><title>Processing Failed</ti')"
expect 'JDK, fails half-way' "$(ask 18743 fails=1)" "$(printf "$half" '')"
for server in Tornado:18741 JDK:18743; do
  expect "${server%:*}, fails half-way, with a length" "$(ask "${server#*:}" 'fails=1&length=1' | cut -d' ' -f1-5)" \
    'exit code 18, 100 objects,'
done
if [ -z "$changed" ]; then
  echo 'as described: half of a page is a whole one'
else
  echo 'the behaviour has changed'
  exit 1
fi
