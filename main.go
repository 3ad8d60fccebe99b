// Batchfetch fetches batches of URLs and writes JSON lines.
package main

import (
	"os"

	"batchfetch/cmd"
)

func main() {
	os.Exit(cmd.Main(os.Args[1:]))
}
