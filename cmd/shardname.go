package cmd

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"batchfetch/fetch/input"
)

// shardField is a place for the shard in the name of an output: {shard}, {shard:03} with at least three digits, or
// {shards}, how many there are. What else stands in braces is part of the name.
var shardField = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{shard(s)?(?::0([1-9]))?\}`) })

// nameOutputs puts the shard into the names of the outputs, so that one command line makes a file for each.
func nameOutputs(f *outputFlags, shard input.Shard, isSharded bool, found *problems) {
	for _, named := range []struct {
		flag string
		name *string
	}{{"output", &f.output}, {"failures", &f.failures}, {"summary", &f.summary},
		{"metrics", &f.metrics}, {"report", &f.report}, {"junit", &f.junit}, {"save-dir", &f.saveDir}} {
		if !strings.Contains(*named.name, "{shard") || !shardField().MatchString(*named.name) {
			continue
		}
		if !isSharded {
			found.add(named.flag, fmt.Sprintf("%q has a place for the shard, and there is no --shard", *named.name),
				"give --shard i/n, or take {shard} out of the name")
			continue
		}
		*named.name = shardField().ReplaceAllStringFunc(*named.name, func(field string) string {
			return formatShard(shardField().FindStringSubmatch(field), shard)
		})
	}
}

// formatShard returns what stands in place of a field that shardField has matched.
func formatShard(field []string, shard input.Shard) string {
	number := shard.Number
	if field[1] != "" {
		number = shard.Of
	}
	digits, _ := strconv.Atoi(field[2]) // 0 where none is given
	return fmt.Sprintf("%0*d", digits, number)
}

// shardName returns i/n, as --shard has it; that of an input that is not divided is 1/1.
func shardName(shard input.Shard) string {
	name := fmt.Sprintf("%d/%d", max(shard.Number, 1), max(shard.Of, 1))
	if shard.ByRequest {
		name += " by request"
	}
	return name
}
