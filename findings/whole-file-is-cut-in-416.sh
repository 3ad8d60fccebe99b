#!/usr/bin/env bash
# Jetty's and Docker registry's 416 has the length of the file: going on with a download that is whole already fails.
#
# Expected: a range behind the end of a file is 416 with "Content-Range: bytes */20000" (RFC 9110, 15.5.17) and a body
#   of its own, or none. Who has all of it learns that from the total, so "curl -C -" exits with 0, as it does on nginx.
# Seen: Jetty 9.4.57 (Debian 12): 416, "Content-Length: 20000", not a byte of them, and the connection is closed. Docker
#   registry 2.8.2 (Debian 12) on the address of a blob: 416, "Content-Length: 20000", 33 bytes of text, and the
#   connection is closed. curl exits with 18, "transfer closed with 20000 bytes remaining", for both.
# Why: both set the length for the file before they look at Range; registry leaves ranges to http.ServeContent of Go,
#   which takes such a field out of its errors from Go 1.23 on only.
# Why it matters: a batch that is started again asks for the rest of each file. Those that are finished end as
#   connections that broke, are tried again as often as is allowed, and each try costs a connection; the batch never
#   ends well. Status and Content-Range of a 416 have to be judged before its body, whose end is no news.
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
timeout 240 apt-get download -q libjetty9-java=9.4.57-1.1~deb12u1 libservlet-api-java=4.0.1-2 \
  openjdk-17-jre-headless=17.0.21.1+2-1~deb12u1 docker-registry=2.8.2+ds1-1 nginx=1.22.1-9+deb12u11 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
find root -lname '/etc/*' | while read -r link; do ln -sfn "$dir/root$(readlink "$link")" "$link"; done
mkdir www
seq 10000 19999 | head -c 20000 >www/rows.txt
port=18631
cat >jetty.xml <<END
<!DOCTYPE Configure PUBLIC "-//Jetty//Configure//EN" "https://www.eclipse.org/jetty/configure_9_3.dtd">
<Configure id="Server" class="org.eclipse.jetty.server.Server">
  <Call name="addConnector"><Arg><New class="org.eclipse.jetty.server.ServerConnector">
    <Arg><Ref refid="Server"/></Arg><Set name="host">127.0.0.1</Set><Set name="port">$port</Set>
  </New></Arg></Call>
  <Set name="handler"><New class="org.eclipse.jetty.servlet.ServletContextHandler">
    <Set name="contextPath">/</Set><Set name="resourceBase">$dir/www</Set>
    <Call name="addServlet">
      <Arg type="java.lang.String">org.eclipse.jetty.servlet.DefaultServlet</Arg><Arg>/</Arg>
    </Call>
  </New></Set>
</Configure>
END
cat >registry.yml <<END
version: 0.1
storage: {filesystem: {rootdirectory: $dir/registry}}
http: {addr: "127.0.0.1:$((port + 1))"}
END
cat >nginx.conf <<END
daemon off;
pid $dir/nginx.pid;
error_log $dir/error.log;
events {}
http {
  access_log off;
  client_body_temp_path $dir/body;
  server { listen 127.0.0.1:$((port + 2)); root $dir/www; }
}
END
jars=$(ls root/usr/share/java/{jetty9-{server,http,io,util,security,servlet,xml},servlet-api}.jar | paste -sd:)
root/usr/lib/jvm/java-17-openjdk-amd64/bin/java -cp "$jars" org.eclipse.jetty.xml.XmlConfiguration jetty.xml \
  &>jetty.log & servers+=($!)
root/usr/bin/docker-registry serve registry.yml &>registry.log & servers+=($!)
root/usr/sbin/nginx -p "$dir" -c nginx.conf &>nginx.log & servers+=($!)
for package in libjetty9-java docker-registry nginx; do
  echo "$package $(dpkg-deb -f "$package"_*.deb Version)"
done
for n in 0 1 2; do
  for _ in $(seq 300); do curl -s -o /dev/null "http://127.0.0.1:$((port + n))/" && break || sleep 0.1; done
done

# the file as a blob of the registry
sum=sha256:$(sha256sum www/rows.txt | cut -d' ' -f1)
blobs=http://127.0.0.1:$((port + 1))/v2/rows/blobs
upload=$(curl -s -X POST -D - -o /dev/null "$blobs/uploads/" | tr -d '\r' | sed -n 's/^location: //Ip')
curl -s -T www/rows.txt "$upload&digest=$sum"

# go_on URL: the exit code of curl -C - for a file that is whole, the status, and the length that is announced
go_on() {
  local code=0
  cp www/rows.txt have
  curl -s --max-time 10 -C - -o have -D head "$1" || code=$?
  cmp -s have www/rows.txt || echo -n 'damaged, '
  echo "exit code $code, status $(awk 'NR == 1 {print $2}' head), length $(
    tr -d '\r' <head | sed -n 's/^content-length: //Ip'), $(tr -d '\r' <head | sed -n 's/^content-range: //Ip')"
}
jetty=$(go_on "http://127.0.0.1:$port/rows.txt")
registry=$(go_on "$blobs/$sum")
nginx=$(go_on "http://127.0.0.1:$((port + 2))/rows.txt")
printf '%-8s %s\n' Jetty "$jetty" registry "$registry" nginx "$nginx"
cut='exit code 18, status 416, length 20000, bytes */20000'
[ "$jetty" = "$cut" ] && [ "$registry" = "$cut" ] && [[ $nginx == 'exit code 0, status 416, '*'*/20000' ]]
