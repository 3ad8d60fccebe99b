#!/usr/bin/env bash
# Of the three HTTP clients of Perl two take half an answer for a success, Mojo::UserAgent without any sign of it.
#
# Expected: a response with fewer bytes than its Content-Length, or without the last chunk, is incomplete (RFC 9112, 8),
#   and an error. Mojo::UserAgent has one by the name of "Premature connection close", and LWP tells of such things
#   in the headers Client-Aborted and X-Died, by its documentation.
# Seen: Mojolicious 9.31, libwww-perl 6.68, and HTTP::Tiny 0.082 (Debian 12, Perl 5.36). A server closes within the
#   body, 500 of 1000 bytes, with a Content-Length, between two chunks, and within a chunk:
#   - Mojo::UserAgent: result does not die, is_success is true, error is empty, all three times; the body has 500 bytes.
#     "Premature connection close" is for a connection that ends before the status line alone.
#   - LWP: is_success is true all three times. X-Died is there where the end is between two chunks; not within a chunk,
#     nor with a Content-Length. lwp-download says "500 bytes of 1000 bytes received", and exits with 0.
#   - HTTP::Tiny: 599 and an explanation, all three times.
# Why it matters: scripts of batch downloads check is_success, cron checks the exit code: half files are kept as whole
#   ones, and never asked for again. Lengths have to be compared by hand; of a chunked body there is nothing to compare.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; } 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir"
timeout 200 apt-get download -q libmojolicious-perl=9.31+dfsg-1 libwww-perl=6.68-1 libnet-http-perl=6.22-1 \
  libhttp-message-perl=6.44-1 libhttp-date-perl=6.05-2 libhttp-cookies-perl=6.10-1 libhttp-negotiate-perl=6.01-2 \
  libhttp-tiny-perl=0.082-2 libfile-listing-perl=6.15-1 libwww-robotrules-perl=6.02-1 liburi-perl=5.17-1 \
  libencode-locale-perl=1.05-3 libio-html-perl=1.004-3 liblwp-mediatypes-perl=6.04-2 libtimedate-perl=2.3300-2 \
  libtry-tiny-perl=0.31-2 libclone-perl=0.46-1 &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export PERL5LIB=$dir/root/usr/share/perl5:$dir/root/usr/lib/x86_64-linux-gnu/perl5/5.36

cat >server.pl <<'END'
use strict; use warnings; use IO::Socket::INET;
my %head = (length => "Content-Length: 1000\r\n\r\n", between => "Transfer-Encoding: chunked\r\n\r\n1f4\r\n",
  within => "Transfer-Encoding: chunked\r\n\r\n3e8\r\n", whole => "Content-Length: 1000\r\n\r\n");
my $l = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $ARGV[0], Listen => 20, ReuseAddr => 1) or die $!;
$SIG{ALRM} = sub { exit }; alarm 60;
while (my $c = $l->accept) {
  my ($way) = (<$c> // '') =~ m{^GET /(\w+)}; # what follows is the header
  while (defined(my $line = <$c>)) { last if $line eq "\r\n" }
  next unless $way && $head{$way};
  print $c "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n$head{$way}", 'x' x ($way eq 'whole' ? 1000 : 500);
  print $c "\r\n" if $way eq 'between';
  shutdown $c, 1; close $c;
}
END
cat >mojo.pl <<'END'
my $tx = Mojo::UserAgent->new->get($ARGV[0]);
my $r = eval { $tx->result } or print "dies" and exit;
my $error = $tx->error ? $tx->error->{message} : 'no error';
print $r->is_success ? 'success' : 'failure', ' ', length $r->body, " $error";
END
cat >lwp.pl <<'END'
my $r = LWP::UserAgent->new->get($ARGV[0]);
print $r->is_success ? 'success' : 'failure', ' ', length $r->content, ' ',
  $r->header('X-Died') || $r->header('Client-Aborted') ? 'a header' : 'no header';
END
cat >tiny.pl <<'END'
my $r = HTTP::Tiny->new->get($ARGV[0]);
print $r->{success} ? 'success' : 'failure', ' ', $r->{status};
END
echo "Mojolicious $(sed -n "s/^our \$VERSION *= '\(.*\)';/\1/p" root/usr/share/perl5/Mojolicious.pm)"
perl -MLWP -MHTTP::Tiny -e 'print "libwww-perl $LWP::VERSION, HTTP::Tiny $HTTP::Tiny::VERSION, Perl $]\n"'
port=18495
perl server.pl "$port" &
server=$!
for _ in $(seq 50); do curl -s -o /dev/null "http://127.0.0.1:$port/whole" && break || sleep 0.1; done

seen=
for way in whole length between within; do
  url=http://127.0.0.1:$port/$way
  mojo=$(timeout 20 perl -MMojo::UserAgent mojo.pl "$url")
  lwp=$(timeout 20 perl -MLWP::UserAgent lwp.pl "$url")
  tiny=$(timeout 20 perl -MHTTP::Tiny tiny.pl "$url")
  code=0
  timeout 20 perl root/usr/bin/lwp-download "$url" "file.$way" &>/dev/null || code=$?
  got="Mojo: $mojo; LWP: $lwp; lwp-download: exit $code, $(stat -c %s "file.$way") bytes; HTTP::Tiny: $tiny"
  echo "$way: $got"
  seen+="$got|"
done
cut='success 500 no error; LWP: success 500'
half='lwp-download: exit 0, 500 bytes; HTTP::Tiny: failure 599'
want="Mojo: success 1000 no error; LWP: success 1000 no header; lwp-download: exit 0, 1000 bytes; "
want+="HTTP::Tiny: success 200|Mojo: $cut no header; $half|Mojo: $cut a header; $half|Mojo: $cut no header; $half|"
[ "$seen" = "$want" ]
