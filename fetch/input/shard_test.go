package input

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/dial"
)

// TestShardsNeverMove: the shard of a host never changes, as machines may run different versions and other programs may
// use the same rule:
// sha256("example.com") begins with a379a6f6eeafb9a5, which is 9 modulo 10 and so in the last part of ten.
func TestShardsNeverMove(t *testing.T) {
	for _, tt := range []struct {
		host     string
		of, want int
	}{
		{"example.com", 10, 10}, {"example.com", 1, 1}, {"example.com", 7, 6}, {"example.com", 1000, 310},
		{"EXAMPLE.com", 10, 10}, {"example.com.", 10, 10},
		{"www.example.com", 10, 5}, {"xn--bcher-kva.example", 10, 1}, {"192.0.2.1", 10, 2}, {"2001:db8::1", 10, 10},
	} {
		var in []int
		for number := 1; number <= tt.of; number++ {
			if (Shard{Number: number, Of: tt.of}).Has(tt.host) {
				in = append(in, number)
			}
		}
		if !slices.Equal(in, []int{tt.want}) {
			t.Errorf("%s is in %d of %d, want %d", tt.host, in, tt.of, tt.want)
		}
	}
}

// TestShardsPartitionTheInput: each Request is in one shard, with its Index in the whole input, all of one host in the
// same; each line that can't be used is in one; and every shard yields the error at the end of a broken input.
func TestShardsPartitionTheInput(t *testing.T) {
	var text strings.Builder
	for i := range 3000 {
		switch i % 10 {
		case 0:
			fmt.Fprintf(&text, "no url %d\n", i)
		case 1:
			fmt.Fprintf(&text, `{"url":"https://H%d.test:8443/%d","method":"PUT"}`+"\n", i%70, i)
		default:
			fmt.Fprintf(&text, "http://h%d.test/%d\n", i%70, i)
		}
	}
	for _, of := range []int{1, 2, 3, 16} {
		owner, number := map[string]int{}, map[int64]int{}
		for n := 1; n <= of; n++ {
			cut := io.MultiReader(strings.NewReader(text.String()), failingReader{})
			var end error
			for r, err := range (Shard{Number: n, Of: of}).Filter(new(Reader).Lines(cut, "x")) {
				var line *fetch.LineError
				switch {
				case errors.As(err, &line):
				case err != nil:
					end = err
					continue
				default:
					asked, _ := r.ParsedURL()
					host := asked.Hostname()
					if owner[strings.ToLower(host)] == 0 {
						owner[strings.ToLower(host)] = n
					}
					if owner[strings.ToLower(host)] != n {
						t.Errorf("%s is in %d and %d of %d", host, owner[host], n, of)
					}
					if want := "/" + strconv.FormatInt(r.Index, 10); asked.Path != want {
						t.Errorf("%s has index %d", r.URL, r.Index)
					}
				}
				number[r.Index]++
			}
			if !errors.Is(end, errRead) {
				t.Errorf("%d of %d ends with %v", n, of, end)
			}
		}
		for i := range int64(3000) {
			if number[i] != 1 {
				t.Errorf("request %d is in %d parts of %d", i, number[i], of)
			}
		}
	}
}

// errRead is the error of a failingReader.
var errRead = errors.New("cut")

// failingReader is a reader that always fails.
type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errRead }

// TestShardsRunConcurrently: several runs at the same time, one for each shard, request each URL once, and no host gets
// requests of two of them.
func TestShardsRunConcurrently(t *testing.T) {
	const of, hosts, pages = 4, 60, 10
	var mu sync.Mutex
	asked, agents := map[string]int{}, map[string]map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		host, _, _ := strings.Cut(r.Host, ":")
		asked[host+r.URL.Path]++
		if agents[host] == nil {
			agents[host] = map[string]bool{}
		}
		agents[host][r.UserAgent()] = true
	}))
	defer server.Close()
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	address := netip.MustParseAddrPort(at.Host)
	var list []string
	for i := range hosts * pages {
		list = append(list, fmt.Sprintf("http://h%d.test:%s/%d", i%hosts, at.Port(), i/hosts))
	}
	var shards sync.WaitGroup
	totals := make([]int64, of)
	for n := 1; n <= of; n++ {
		shards.Go(func() {
			o := fetch.Defaults()
			o.UserAgent = fmt.Sprintf("shard %d", n)
			o.Resolve = []dial.Override{{Host: "*", Port: address.Port(), Addrs: []netip.Addr{address.Addr()}}}
			sink := fetch.SinkFunc(func(*fetch.Record) error { return nil })
			summary, err := fetch.Run(t.Context(), Shard{Number: n, Of: of}.Filter(new(Reader).URLs(list)), sink, o)
			if err != nil || summary.Succeeded != summary.Total || summary.Total == 0 {
				t.Errorf("shard %d: %v: %+v", n, err, summary)
			}
			totals[n-1] = summary.Total
		})
	}
	shards.Wait()
	if sum := totals[0] + totals[1] + totals[2] + totals[3]; sum != hosts*pages || len(asked) != hosts*pages {
		t.Errorf("%d of %d asked, %d different ones", sum, hosts*pages, len(asked))
	}
	for what, times := range asked {
		if times != 1 {
			t.Errorf("%s was asked %d times", what, times)
		}
	}
	for host, by := range agents {
		if len(by) != 1 {
			t.Errorf("%s got requests of %v", host, by)
		}
	}
}

// TestShardsByRequest: each Request is in one shard, whatever its place in the input, and equal ones are in the same.
func TestShardsByRequest(t *testing.T) {
	var text strings.Builder
	for i := range 999 {
		fmt.Fprintf(&text, "http://one.test/%d\n", i%900)
	}
	in := map[string]int{}
	var counts [4]int
	for n := 1; n <= 4; n++ {
		lines := new(Reader).Lines(strings.NewReader(text.String()), "x")
		for r, err := range (Shard{Number: n, Of: 4, ByRequest: true}).Filter(lines) {
			if err != nil {
				t.Fatal(err)
			}
			if in[r.URL] != 0 && in[r.URL] != n {
				t.Errorf("%s is in %d and %d", r.URL, in[r.URL], n)
			}
			in[r.URL] = n
			counts[n-1]++
		}
	}
	if len(in) != 900 || slices.Min(counts[:]) < 180 {
		t.Errorf("%d URLs, in parts of %d", len(in), counts)
	}
}
