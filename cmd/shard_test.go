package cmd

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseShard(t *testing.T) {
	for text, want := range map[string]string{
		"1/4": "1/4", "4/4": "4/4", "1/1": "1/1", "auto": "auto 0/0", "auto/8": "auto 0/8",
	} {
		c, err := parseShard(text)
		got := fmt.Sprintf("%d/%d", c.Number, c.Of)
		if c.auto {
			got = "auto " + got
		}
		if err != nil || got != want {
			t.Errorf("%s is %s, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "1", "0/4", "5/4", "-1/4", "1/0", "1/-1", "a/b", "1/4/2", "auto/", "auto/0", "auto/x", "automatic", "1 / 4",
		"1/2000000",
	} {
		if c, err := parseShard(text); err == nil {
			t.Errorf("%q is %+v", text, c)
		}
	}
}

// TestDetectShard: --shard auto with the variables that each engine sets, and with values that can't be.
func TestDetectShard(t *testing.T) {
	for _, tt := range []struct {
		name, env, flag string
		want            string // i/n, or a piece of the error
	}{
		{"Kubernetes counts from 0", "JOB_COMPLETION_INDEX=0", "auto/8", "1/8"},
		{"Kubernetes, the last", "JOB_COMPLETION_INDEX=7", "auto/8", "8/8"},
		{"Kubernetes sets no count", "JOB_COMPLETION_INDEX=3", "auto", "JOB_COMPLETION_INDEX, from Kubernetes, does not say"},
		{"Kubernetes, beyond", "JOB_COMPLETION_INDEX=8", "auto/8", "JOB_COMPLETION_INDEX is 8, beyond the 8 shards"},
		{"Slurm from 0",
			"SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=0 " +
				"SLURM_ARRAY_TASK_MAX=3 SLURM_ARRAY_TASK_STEP=1",
			"auto", "3/4"},
		{"Slurm from 1",
			"SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=1 " +
				"SLURM_ARRAY_TASK_MAX=4 SLURM_ARRAY_TASK_STEP=1",
			"auto", "4/4"},
		{"Slurm in steps",
			"SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=1 " +
				"SLURM_ARRAY_TASK_MAX=13 SLURM_ARRAY_TASK_STEP=4",
			"auto", "3/4"},
		{"Slurm with the number said again",
			"SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=4",
			"auto/4", "1/4"},
		{"Slurm with gaps",
			"SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=1 " +
				"SLURM_ARRAY_TASK_MAX=9 SLURM_ARRAY_TASK_STEP=1",
			"auto", "has gaps"},
		{"Slurm off its steps",
			"SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_STEP=4",
			"auto", "has gaps"},
		{"Slurm in steps of nothing",
			"SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_STEP=0",
			"auto", "has gaps"},
		{"Slurm, one task again",
			"SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_COUNT=1 SLURM_ARRAY_TASK_MIN=5 SLURM_ARRAY_TASK_MAX=5",
			"auto/8", "auto/8, and SLURM_ARRAY_TASK_COUNT is 1"},
		{"Slurm, below the first",
			"SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=4",
			"auto", "SLURM_ARRAY_TASK_ID is 0, beyond"},
		{"AWS Batch", "AWS_BATCH_JOB_ARRAY_INDEX=9 AWS_BATCH_JOB_ARRAY_SIZE=10", "auto", "10/10"},
		{"AWS Batch without a size", "AWS_BATCH_JOB_ARRAY_INDEX=9", "auto/10", "10/10"},
		{"AWS Batch, without any count", "AWS_BATCH_JOB_ARRAY_INDEX=9", "auto", "without AWS_BATCH_JOB_ARRAY_SIZE"},
		{"AWS Batch of none", "AWS_BATCH_JOB_ARRAY_INDEX=0 AWS_BATCH_JOB_ARRAY_SIZE=0",
			"auto", "AWS_BATCH_JOB_ARRAY_SIZE is 0"},
		{"GNU parallel counts from 1", "PARALLEL_SEQ=1 PARALLEL_JOBSLOT=2", "auto/3", "1/3"},
		{"GNU parallel, the last", "PARALLEL_SEQ=3 PARALLEL_JOBSLOT=2", "auto/3", "3/3"},
		{"GNU parallel, none before the first", "PARALLEL_SEQ=0", "auto/3", "PARALLEL_SEQ is 0, beyond"},
		{"GNU parallel sets no count", "PARALLEL_SEQ=1", "auto", "PARALLEL_SEQ, from GNU parallel"},
		{"a job slot is no job",
			"PARALLEL_JOBSLOT=2",
			"auto/3", "none of these is set: JOB_COMPLETION_INDEX (Kubernetes), SLURM_ARRAY_TASK_ID (Slurm), " +
				"AWS_BATCH_JOB_ARRAY_INDEX (AWS Batch), PARALLEL_SEQ (GNU parallel)"},
		{"an empty one is not set", "JOB_COMPLETION_INDEX= PARALLEL_SEQ=2", "auto/3", "2/3"},
		{"two engines",
			"SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=2 PARALLEL_SEQ=2",
			"auto", "SLURM_ARRAY_TASK_ID and PARALLEL_SEQ are set"},
		{"no number", "JOB_COMPLETION_INDEX=one", "auto/8", `JOB_COMPLETION_INDEX is "one"`},
		{"a negative one", "JOB_COMPLETION_INDEX=-1", "auto/8", `JOB_COMPLETION_INDEX is "-1"`},
		{"a count that is none", "SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=x", "auto", `SLURM_ARRAY_TASK_COUNT is "x"`},
		{"too large a number", "JOB_COMPLETION_INDEX=99999999999999999999", "auto/8", "not a whole number"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := make(map[string]string)
			for each := range strings.FieldsSeq(tt.env) {
				name, value, _ := strings.Cut(each, "=")
				env[name] = value
			}
			c, err := parseShard(tt.flag)
			if err != nil {
				t.Fatal(err)
			}
			shard, err := c.detect(func(name string) string { return env[name] })
			got := fmt.Sprintf("%d/%d", shard.Number, shard.Of)
			if err != nil {
				got = err.Error()
			}
			if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
