package plan

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkPlan measures one step: a Task is started, done and added again, among 10,000 that wait.
func BenchmarkPlan(b *testing.B) {
	for _, hosts := range []int{1, 100, 10000} {
		for name, change := range map[string]func(*testLimits){
			"no rate":   func(*testLimits) {},
			"host rate": func(l *testLimits) { l.HostRate = 1e6 },
		} {
			b.Run(fmt.Sprintf("%d hosts, %s", hosts, name), func(b *testing.B) {
				b.ReportAllocs()
				p := New(usualLimits(change).Limits, nil)
				tasks := make([]testTask, 10000)
				now := began
				for i := range tasks {
					t := &tasks[i]
					t.Owner, t.host = t, fmt.Sprintf("https://%d.test", i%hosts)
					p.Add(&t.Task, t.host, now)
				}
				for b.Loop() {
					t, wait := p.Next(now)
					for t == nil {
						now = now.Add(max(wait, time.Microsecond))
						t, wait = p.Next(now)
					}
					p.Done(t, now)
					p.Add(t, t.Owner.(*testTask).host, now)
				}
			})
		}
	}
}
