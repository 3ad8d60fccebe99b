#!/usr/bin/env bash
# A Retry-After of "1.5" or "2s" ends the retries of urllib3 and requests before the first one, by an exception.
#
# Expected: Retry(total=3, status_forcelist=[429, 503]) asks again after a 503, after Retry-After where that can be read
#   and after its own delay where it can't, as where there is none: RFC 9110, 5.6.1 and 10.2.3, leave to a client what
#   it makes of a value that is not valid. Others ignore or read such a value: curl, got, ky, axios-retry, undici,
#   go-retryablehttp.
# Seen: urllib3 1.26.12 with requests 2.28.1 (Debian 12; urllib3 2.7.0 with requests 2.34.2 do the same): "1.5", "2s",
#   "+2", a date as in ISO 8601, and the field twice ("1, 2", as of a server and the proxy before it) raise InvalidHeader
#   after one request. It is neither the answer, 503, nor RetryError, and not what is asked again: 3 attempts are left.
#   Without the field, or with "2", the second request is a 200.
# Why: Retry.sleep parses the field where it sleeps, outside of what counts attempts, and raises for all that is neither
#   digits nor a date of a mail.
# Why it matters: services send fractions (Shopify "2.0", Microsoft Graph "2.128"), and send them when they are busy. A
#   batch by this most used client then loses each URL that is refused, and none where the same server says nothing;
#   code that catches RetryError lets the exception end the batch. respect_retry_after_header=False keeps the retries.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
chmod 755 .
timeout 120 apt-get download -q python3-urllib3=1.26.12-1+deb12u4 python3-requests=2.28.1+dfsg-1 \
  python3-six=1.16.0-4 python3-chardet=5.1.0+dfsg-2 python3-idna=3.3-1+deb12u1 python3-certifi=2022.9.24-1 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
cat >check.py <<'END_PY'
import http.server, threading, requests, urllib3
from requests.adapters import HTTPAdapter

asked = {}
class Busy(http.server.BaseHTTPRequestHandler):  # 503 with Retry-After once, then 200
    def log_message(self, *args): pass
    def do_GET(self):
        n = int(self.path[1:])
        asked[n] = asked.get(n, 0) + 1
        self.send_response(503 if asked[n] == 1 else 200)
        for value in fields[n] if asked[n] == 1 else []: self.send_header('Retry-After', value)
        self.send_header('Content-Length', '0')
        self.end_headers()
fields = [[], ['1'], ['1.5'], ['2s'], ['+2'], ['2026-01-02T03:04:05Z'], ['1', '2']]
want = ['200 after 2'] * 2 + ['InvalidHeader after 1'] * 5
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Busy)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(f'urllib3 {urllib3.__version__}, requests {requests.__version__}')
got = []
for n, values in enumerate(fields):
    session = requests.Session()
    session.trust_env = False
    retries = urllib3.Retry(total=3, backoff_factor=0.1, status_forcelist=[429, 503])
    session.mount('http://', HTTPAdapter(max_retries=retries))
    try:
        end = session.get(f'http://127.0.0.1:{server.server_port}/{n}', timeout=10).status_code
    except requests.exceptions.RequestException as e:
        end = type(e).__name__
    got.append(f'{end} after {asked[n]}')
    print(f'503 with Retry-After {", ".join(values) or "-":22} {got[-1]} request(s)')
raise SystemExit(got != want)
END_PY
PYTHONPATH=$dir/root/usr/lib/python3/dist-packages timeout 60 /usr/bin/python3 check.py
