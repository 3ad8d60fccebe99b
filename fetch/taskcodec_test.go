package fetch

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/judge"
	"batchfetch/fetch/plan"
)

// newCodec returns a taskCodec that parses the URLs of its tasks and makes no targets.
func newCodec() *taskCodec {
	return &taskCodec{setTarget: func(t *task) { _ = t.request.parse() }, largeBytes: new(int64)}
}

// plansOf returns the parts of tasks that a plan knows.
func plansOf(tasks []*task) []*plan.Task {
	var plans []*plan.Task
	for _, t := range tasks {
		plans = append(plans, &t.Task)
	}
	return plans
}

// ownersOf is the inverse of plansOf.
func ownersOf(plans []*plan.Task) []*task {
	var tasks []*task
	for _, t := range plans {
		tasks = append(tasks, t.Owner.(*task))
	}
	return tasks
}

// tasksOf returns tasks of input lines.
func tasksOf(t testing.TB, lines ...string) []*task {
	t.Helper()
	var tasks []*task
	for request, err := range linesOf(lines...) {
		if err != nil {
			t.Fatal(err)
		}
		t := newTask(request)
		t.seq = int64(3 * len(tasks))
		tasks = append(tasks, t)
	}
	return tasks
}

// TestTaskCodecLosesNothing checks that a Request is the same after it was spilled, with all that a line or a filter
// can set.
func TestTaskCodecLosesNothing(t *testing.T) {
	tasks := tasksOf(t,
		"https://a.test/1", "https://a.test/2?q=%20", "https://ü.test/ü",
		`{"url":"http://a.test/","id":"x","meta":{"any":[1,2]}}`,
		`{"url":"http://a.test/","id":12345678901234567890}`,
		`{"url":"http://a.test/","method":"DELETE","headers":{"X-A":"1","Cookie":"a=b"},"retry":false}`,
		`{"url":"http://a.test/","body":"","retry":true}`,
		`{"url":"http://a.test/","body":{"a":1},"sha256":"`+strings.Repeat("0", 64)+`","path":"a/b"}`,
		`{"url":"http://a.test/","body_base64":"AAECAw=="}`,
		`{"url":"http://a.test/","meta":null}`,
	)
	tasks[0].request.Settings = &RequestSettings{Proxy: new("")}
	tasks[3].request.Settings = &RequestSettings{Timeout: new(time.Duration(0)), MaxBody: new(int64(1 << 40))}
	tasks[6].request.Settings = &RequestSettings{Timeout: new(90 * time.Second), Proxy: new("u:p@p.test:1"),
		AcceptStatus: judge.Statuses{{200, 299}, {404, 404}}}
	tasks[1].request.Tag = Tag{1, 2, 3, 15: 255}
	tasks[5].request.Header["X-None"] = nil
	tasks[5].request.Header["X-Two"] = []string{"1", ""}
	c := newCodec()
	c.Unpack(c.Pack(plansOf(tasks[3:]))) // an earlier batch leaves no state
	back := ownersOf(c.Unpack(c.Pack(plansOf(tasks))))
	if len(back) != len(tasks) {
		t.Fatalf("%d of %d came back", len(back), len(tasks))
	}
	for i, task := range tasks {
		if !back[i].Pristine || back[i].Size != len(task.request.URL)+len(task.request.Body)+len(task.request.Meta) {
			t.Errorf("%d: the plan is told %+v", i, back[i].Task)
		}
		if want, got := task.request, back[i].request; !reflect.DeepEqual(want, got) || back[i].seq != task.seq {
			t.Errorf("%d: sent %+v\ngot %+v", i, want, got)
		}
	}
}

func FuzzPackedRequest(f *testing.F) {
	f.Add("https://a.test/", "POST", "X-A", "1", "body", "\"id\"", int64(7), true)
	f.Fuzz(func(t *testing.T, url, method, name, value, body, id string, index int64, retry bool) {
		one := newTask(Request{Index: -index, Line: index / 2, URL: url, Method: method, File: name,
			Header: http.Header{http.CanonicalHeaderKey(name): {value, body}},
			Body:   []byte(body), Retry: &retry, SHA256: value})
		one.seq = index
		if id != "" {
			one.request.ID = []byte(id)
		}
		two := newTask(Request{URL: value})
		two.seq = 1
		c := &taskCodec{setTarget: func(*task) {}, largeBytes: new(int64)}
		back := ownersOf(c.Unpack(c.Pack(plansOf([]*task{one, two}))))
		same := len(back) == 2 && reflect.DeepEqual(back[0].request, one.request)
		if !same || back[0].seq != index || back[1].request.URL != value {
			t.Errorf("sent %+v, got %+v", one.request, back)
		}
	})
}

// BenchmarkPack packs and unpacks a batch of plain URLs, and reports the packed bytes of each.
func BenchmarkPack(b *testing.B) {
	for _, n := range []int{8, 16, 64} {
		b.Run(fmt.Sprintf("%d tasks", n), func(b *testing.B) {
			var lines []string
			for i := range n {
				lines = append(lines, fmt.Sprintf("https://example.com/products/%d?lang=en&page=%d",
					12345*(i+7)%99991, i%7))
			}
			tasks := plansOf(tasksOf(b, lines...))
			b.ReportAllocs()
			var packed []byte
			c := newCodec()
			for b.Loop() {
				packed = c.Pack(tasks)
				c.Unpack(packed)
			}
			b.ReportMetric(float64(len(packed))/float64(n), "B/task")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/task")
		})
	}
}
