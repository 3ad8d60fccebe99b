#!/usr/bin/env bash
# Tomcat's SemaphoreValve refuses a request beyond its number by 200 OK with an empty body.
#
# Expected: a valve that lets so many requests in at once, and has block="false" so that the others do not wait, refuses
#   those with an error: nginx (limit_conn), HAProxy and Jetty's QoSFilter answer 503 at theirs.
# Seen: Tomcat 10.1.60 (Debian 12). Of 40 requests made 20 at a time with concurrency="4", some are the page, and the
#   others 200 without a byte; curl --fail exits with 0 for each. With highConcurrencyStatus="503" they are 503.
# Why: a request without a permit is not passed on, so that the response stays what a new one is, 200 and empty; only a
#   highConcurrencyStatus above 0 makes it an error, and the default is -1.
# Why it matters: empty pages come as successes, the more of them the more is requested at once, and are stored by
#   caches and taken for "no rows" by what reads them. Nothing asks a client to slow down, or to try again. One request
#   at a time, as a person tests it, never shows it.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server" && wait "$server"; } || true; rm -rf "$dir"' EXIT
cd "$dir"
chmod 755 .
timeout 240 apt-get download -q libtomcat10-java=10.1.60-1~deb12u1 openjdk-17-jre-headless=17.0.21.1+2-1~deb12u1 \
  &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
find root -lname '/etc/*' | while read -r link; do ln -sfn "$dir/root$(readlink "$link")" "$link"; done

port=18917
cat >Server.java <<'END'
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.apache.catalina.Context;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;
import org.apache.catalina.valves.SemaphoreValve;

public class Server {
  static class Page extends HttpServlet {
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
      try {
        Thread.sleep(200);
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      response.setContentType("text/csv");
      response.getOutputStream().print("id,name\n1,one\n");
    }
  }

  static void add(Tomcat tomcat, String path, String base, String status) {
    SemaphoreValve valve = new SemaphoreValve(); // <Valve className="...SemaphoreValve" concurrency="4" block="false"/>
    valve.setConcurrency(4);
    valve.setBlock(false);
    if (status != null) valve.setHighConcurrencyStatus(Integer.parseInt(status));
    Context context = tomcat.addContext(path, base);
    context.getPipeline().addValve(valve);
    Tomcat.addServlet(context, "page", new Page());
    context.addServletMappingDecoded("/page.csv", "page");
  }

  public static void main(String[] args) throws Exception {
    Connector connector = new Connector();
    connector.setProperty("address", "127.0.0.1");
    connector.setPort(Integer.parseInt(args[0]));
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(args[1]);
    tomcat.setConnector(connector);
    add(tomcat, "/default", args[1], null);
    add(tomcat, "/status", args[1], "503");
    tomcat.start();
    tomcat.getServer().await();
  }
}
END
jars=$(find root/usr/share/java -name 'tomcat10-*.jar' -type l ! -name '*-i18n-*' ! -name '*-ant.jar' | paste -sd:)
timeout 150 root/usr/lib/jvm/java-17-openjdk-amd64/bin/java -cp "$jars" Server.java "$port" "$dir" &>log & server=$!
url=http://127.0.0.1:$port
for _ in $(seq 600); do curl -s -m 2 -o /dev/null "$url/default/page.csv" && break || sleep 0.1; done
grep -o -m 1 'Apache Tomcat/[^]]*' log
curl --version | cut -d' ' -f1-2 | head -1

# ask CONTEXT: statuses and sizes of 40 requests, 20 at a time
ask() {
  seq 40 | (xargs -P 20 -I{} curl -s --fail --max-time 10 -o /dev/null -w '%{http_code} with %{size_download} bytes\n' \
    "$url/$1/page.csv?{}" || true) | sed 's/^503 .*/503/' | sort | uniq -c
}
echo 'block="false":'
ask default | tee default
echo 'block="false" highConcurrencyStatus="503":'
ask status | tee status
if [ "$(awk '{print $2, $4}' default | sort | paste -sd,)" = '200 0,200 14' ] &&
  [ "$(awk '{print $2, $4}' status | sort | paste -sd,)" = '200 14,503 ' ]; then
  echo 'as described: what is refused is an empty page'
else
  echo 'the behaviour has changed'
  exit 1
fi
