package input

import (
	"strings"
	"testing"
)

// BenchmarkLines measures one line, from bytes to a Request.
func BenchmarkLines(b *testing.B) {
	const plain = "https://example.com/products/12345?lang=en&page=7\n"
	for name, line := range map[string]string{
		"plain": plain,
		"json":  `{"url":"https://example.com/products/12345?lang=en&page=7","id":12345,"meta":{"shop":"de"}}` + "\n",
		"full": `{"url":"https://example.com/products","method":"POST","headers":{"Accept":"application/json"},` +
			`"body":{"page":7},"id":"a"}` + "\n",
	} {
		b.Run(name, func(b *testing.B) {
			in := strings.Repeat(line, 1000)
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for n := 0; n < b.N; {
				for _, err := range new(Reader).Lines(strings.NewReader(in), "") {
					if err != nil {
						b.Fatal(err)
					}
					if n++; n >= b.N {
						break
					}
				}
			}
		})
	}
}

// BenchmarkCountRequests measures Count with an input of 1,000 lines.
func BenchmarkCountRequests(b *testing.B) {
	in := strings.Repeat("https://example.com/products/12345?lang=en&page=7\n", 1000)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		if n, err := new(Reader).Count(strings.NewReader(in)); n != 1000 || err != nil {
			b.Fatal(n, err)
		}
	}
}
