#!/usr/bin/env bash
# pandas reads an integer of JSON beyond 64 bits as another one, without a word: 30 units of 10^18 as 11.55 of them.
#
# Expected: pandas.read_json reads such an integer as a float, as an object with Python's int, or refuses it: "Value is
#   too big!" is what it says of many, and what its users know.
# Seen: pandas 1.5.3 (Debian 12): 20000000000000000000 is refused, but 30000000000000000000 is 11553255926290448384,
#   123400000000000000000 is 12719535557742690304, -20000000000000000000 is -1553255926290448384. So with lines=True and
#   dtype=False; precise_float=True changes it for numbers with a fraction alone. Python's json reads all of them.
# Why: its parser (ultrajson) multiplies by ten in 64 bits, and takes a digit for one too many only where the sum has
#   become smaller. Of the numbers that wrap around, about half are larger than before the last digit.
# Why it matters: amounts in the smallest unit (wei, 10^-18 of an ether) are such integers in the answers of APIs, and
#   which of a thousand files of one batch are refused, read and read as something else depends on the first digits.
#   Answers kept as text (batchfetch --body string) and parsed by Python's json are what the servers sent.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
chmod 755 .
timeout 100 apt-get download -q python3-pandas=1.5.3+dfsg-2 python3-pandas-lib=1.5.3+dfsg-2 \
  python3-numpy=1:1.24.2-1+deb12u1 python3-dateutil=2.8.2-2 python3-tz=2022.7.1-4 python3-six=1.16.0-4 \
  libblas3=3.11.0-2 liblapack3=3.11.0-2 libgfortran5=12.2.0-14+deb12u1 \
  python3.11-minimal libpython3.11-minimal libpython3.11-stdlib &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
libraries=$dir/root/usr/lib/$(uname -m)-linux-gnu
export LD_LIBRARY_PATH=$libraries:$libraries/blas:$libraries/lapack PYTHONHOME=$dir/root/usr PYTHONWARNINGS=ignore
export PYTHONPATH=$dir/root/usr/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1

cat >read.py <<'END_PY'
import io, json, sys
import pandas
print('pandas', pandas.__version__)
wanted = {  # what pandas makes of a number; "" is that it refuses it
    '18446744073709551615': '18446744073709551615',
    '18446744073709551616': '',
    '20000000000000000000': '',
    '30000000000000000000': '11553255926290448384',
    '123400000000000000000': '12719535557742690304',
    '1000000000000000000000': '',
    '-20000000000000000000': '-1553255926290448384',
}
failed = False
for number, want in wanted.items():
    got = []
    for options in {}, {'dtype': False}, {'precise_float': True}:
        try:
            frame = pandas.read_json(io.StringIO('{"wei": %s}\n' % number), lines=True, **options)
            got.append(str(frame['wei'][0]))
        except ValueError as error:
            got.append('')
            message = str(error)
    print('%22s is read as %s' % (number, got[0] or 'an error: ' + message))
    failed |= got != [want] * 3 or json.loads(number) != int(number)
sys.exit(failed)
END_PY
timeout 100 root/usr/bin/python3.11 read.py
