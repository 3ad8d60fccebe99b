package report

import (
	"slices"
	"testing"
)

// TestLabels: the labels of the axis are times at even distances, also where a run has few points.
func TestLabels(t *testing.T) {
	const second, begun = 1_000_000, 1_700_000_000_000_000
	for _, tt := range []struct {
		name   string
		points int
		took   int64
		want   []string
	}{
		{"a point, of which the run takes a part", 1, second / 250, []string{"0", "1 ms", "2 ms", "3 ms", "4 ms"}},
		{"two points", 2, 2 * second, []string{"0", "500 ms", "1 s", "1.5 s", "2 s"}},
		{"as many points as labels", 5, 5 * second, []string{"0", "1.25 s", "2.5 s", "3.75 s", "5 s"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			points := make([]point, tt.points)
			for i := range points {
				points[i].at, points[i].width = begun+int64(i)*second, second
			}
			line := newTimeline(points, begun, begun+tt.took)
			if got := line.finish(&chart{}, func(*point) []string { return nil }).XLabels; !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
