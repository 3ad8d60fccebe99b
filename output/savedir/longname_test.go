package savedir

import (
	"strings"
	"testing"

	"batchfetch/fetch"
)

// TestShortNames: on a file system that takes less than the usual 255 bytes, as EncFS 1.9.5 takes 175, names are as
// long as it takes, with a hash in the place of their ends: one body whose name was too long ended the whole run with
// "file name too long", and each further run of the same list.
func TestShortNames(t *testing.T) {
	const limit = 175
	template := NameTemplate{longest: limit}
	long := strings.Repeat("x", 190)
	for _, r := range []fetch.Request{
		{URL: "https://a.test/" + long}, {URL: "https://a.test/" + long + ".pdf"}, {URL: "https://a.test/" + long + "/a"},
		{URL: "https://a.test/" + long + "/" + long + "?q=1"}, {URL: "https://a.test/" + long, Page: 12},
		{URL: "https://a.test/" + strings.Repeat("y", limit), Page: 2}, {URL: "https://a.test/" + strings.Repeat("é", 99)},
	} {
		name, err := template.name(&r, placeholder)
		if err != nil {
			t.Errorf("%s: %v", r.URL, err)
		}
		for segment := range strings.SplitSeq(name, "/") {
			if len(segment) > limit {
				t.Errorf("%s: %d bytes: %s", r.URL, len(segment), segment)
			}
		}
		other := r
		other.URL = strings.Replace(r.URL, "x?", "y?", 1) + "z"
		if same, err := template.name(&other, placeholder); err != nil || same == name {
			t.Errorf("%s and %s are %s, %v", r.URL, other.URL, name, err)
		}
	}
	for _, name := range []string{long, "in/" + long, long + "/in"} {
		r := fetch.Request{URL: "https://a.test/", Path: name}
		if _, err := template.name(&r, placeholder); err == nil || !strings.Contains(err.Error(), "takes 175") {
			t.Errorf("path %s: %v", name, err)
		}
	}
	short := "a.test/" + strings.Repeat("x", limit)
	r := fetch.Request{URL: "https://" + short}
	if name, err := template.name(&r, placeholder); err != nil || name != short {
		t.Errorf("%s is named %s, %v", short, name, err)
	}
}

// TestShortNamesOfOtherBodies: where a template has the sum of the body, names of other bodies stay apart although the
// sum is in the place of the hash.
func TestShortNamesOfOtherBodies(t *testing.T) {
	template, err := ParseNameTemplate("{base}-{sha256}")
	if err != nil {
		t.Fatal(err)
	}
	template.longest = 175
	r := fetch.Request{URL: "https://a.test/" + strings.Repeat("x", 160)}
	names := make(map[string]bool)
	for _, sum := range []string{"a", "b"} {
		name, err := template.name(&r, response{sum: strings.Repeat(sum, 64)})
		if err != nil || len(name) > 175 {
			t.Errorf("%d bytes: %s, %v", len(name), name, err)
		}
		names[name] = true
	}
	if len(names) != 2 {
		t.Errorf("two bodies have the names %v", names)
	}
}

// TestLongestName: the limit of names is what the directory takes, up to maxSegment, with room for temporary ones.
func TestLongestName(t *testing.T) {
	for longest, want := range map[int]int{
		20: leastSegment, 143: 143, 175: 175, 199: 199, 200: maxSegment, 255: maxSegment,
	} {
		if got := longestWhere(func(length int) bool { return length > longest }); got != want {
			t.Errorf("%d bytes where the file system takes %d, want %d", got, longest, want)
		}
	}
}
