package output

import (
	"slices"
	"testing"

	"batchfetch/fetch"
)

// TestInOrderPages: the pages of a Request are together and in their order, and the next Request follows the last one.
func TestInOrderPages(t *testing.T) {
	type page struct {
		seq, number int64
		more        bool
	}
	var got []page
	order := NewInOrder(fetch.SinkFunc(func(r *fetch.Record) error {
		got = append(got, page{r.Seq, r.Request.Page, r.More})
		return nil
	}), nil)
	for _, p := range []page{
		{2, 1, false}, {1, 1, true}, {0, 1, true}, {1, 2, true}, {0, 2, false}, {4, 1, true}, {1, 3, false}, {3, 1, false},
		{4, 2, true},
	} {
		r := &fetch.Record{Seq: p.seq, More: p.more}
		r.Request.Page = p.number
		if err := order.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	if order.Held() != 0 {
		t.Errorf("%d are held", order.Held())
	}
	last := &fetch.Record{Seq: 6} // 5 never comes, and no more of 4
	if err := order.Put(last); err != nil || order.Held() != 1 {
		t.Fatal(err, order.Held())
	}
	if err := order.Flush(true); err != nil || order.Close() != nil {
		t.Fatal(err)
	}
	want := []page{{0, 1, true}, {0, 2, false}, {1, 1, true}, {1, 2, true}, {1, 3, false}, {2, 1, false}, {3, 1, false},
		{4, 1, true}, {4, 2, true}, {6, 0, false}}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
