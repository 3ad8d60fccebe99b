package workqueue

import (
	"strings"
	"testing"
	"time"
)

// TestParseAddress: what an address says, and that no piece of one which is none is repeated.
func TestParseAddress(t *testing.T) {
	const all = "rediss://me:s3cret@h/3/a/b%2Fc:d?group=g&consumer=c&idle=2s&wait=forever&delete=false"
	a, err := ParseAddress(all, "env", nil)
	if err != nil || a.Server.TLS == nil || a.Server.Addr != "h:6379" || a.Server.DB != 3 || a.Server.Username != "me" ||
		a.Server.Password != "s3cret" || a.Stream != "a/b/c:d" || a.Group != "g" || a.Consumer != "c" ||
		a.Idle != 2*time.Second || a.Wait != -1 || a.Delete != DeleteNever {
		t.Errorf("%+v, %v", a, err)
	}
	if strings.Contains(a.Name, "s3cret") || !strings.HasPrefix(a.Name, "rediss://h/3/") {
		t.Errorf("its name is %s", a.Name)
	}
	a, err = ParseAddress("REDIS://me@h:1/0/s", "env", nil)
	if err != nil || a.Server.Addr != "h:1" || a.Server.Password != "env" || a.Idle != time.Minute || a.Wait != 0 ||
		a.Delete != DeleteOwn || a.Name != "redis://h:1/0/s" {
		t.Errorf("%+v, %v", a, err)
	}
	const good = "redis://:s3cret@h/0/s?group=g"
	for _, bad := range []string{
		"redis://:s3%cret@h/0/s", "redis://:s3cret/0/s", "redis://:s3cret@/0/s", "redis://:s3cret@h", "redis://:s3cret@h/0",
		"redis://:s3cret@h/0/", "redis://:s3cret@h/s3cret", "redis://:s3cret@h/s3cret/s", "redis://:s3cret@h/-1/s",
		"http://:s3cret@h/0/s", "redis://:s3cret@h/0/s#s3cret", "redis://:s3cret@h/0/a%0Ab", good + "&group=s3cret",
		good + "&s3cret=1", good + "&idle=s3cret", good + "&idle=10ms", good + "&wait=s3cret", good + "&wait=-1s",
		good + "&delete=s3cret", good + "&consumer=", good + "&consumer=a%00s3cret", good + "&%s3cret",
		"redis://12/0@h/0/s", "redis://:s3?cret@h/0/s",
	} {
		if a, err := ParseAddress(bad, "", nil); err == nil || strings.Contains(err.Error(), "cret") {
			t.Errorf("%s: %+v, %v", bad, a, err)
		}
	}
	for argument, want := range map[string]bool{"redis://h": true, "REDISS://h": true, "http://h/?redis://": false,
		"redis:h": false, "redis": false, "unix:///s": false} {
		if IsAddress(argument) != want {
			t.Errorf("%s is an address: %v", argument, !want)
		}
	}
}
