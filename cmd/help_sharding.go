package cmd

import "github.com/spf13/cobra"

// shardingText is the page of batchfetch help sharding.
const shardingText = `One batch on many machines: each takes a part of the same input.

  batchfetch --shard 1/4 -o part-1.jsonl urls.txt      the first of four; 2/4, 3/4 and 4/4 elsewhere

A host is always one machine's, so --host-rate, --host-concurrency and every pause hold without the machines knowing of
each other; --rate, --bandwidth and -j are each machine's own. Which one it is goes by the host's name alone, not its
scheme or port: the first eight bytes of its SHA-256 modulo n, the same in every version. Another n deals them anew.
A host that most URLs name makes one part the largest. Redirects are followed by the machine that was redirected.
The index in a Record is the place in the whole input, and the parts are JSON lines: cat part-*.jsonl is the whole.
A line that can't be used fails in one part. The summary counts its own part only. --resume goes on with a part, as
long as n stays the same.

--shard auto asks the engine that started the job which of its jobs this is. Where it doesn't say how many there are,
--shard auto/n does. Nothing found, two engines at once and numbers that can't be are errors (exit 2). --shard can be
given in the environment too: BATCHFETCH_SHARD=auto/8.

Kubernetes, an Indexed Job (JOB_COMPLETION_INDEX, from 0); n is its completions:
  spec:
    completions: 8
    parallelism: 8
    completionMode: Indexed
    template:
      spec:
        restartPolicy: OnFailure
        containers:
        - name: batchfetch
          image: …
          command: [sh, -c, 'batchfetch --shard auto/8 --resume ` +
	`-o /data/part-$JOB_COMPLETION_INDEX.jsonl /data/urls.txt.zst']

Slurm, an array (SLURM_ARRAY_TASK_ID, _COUNT, _MIN, _MAX, _STEP; any start and step, no gaps):
  sbatch --array=0-7 --wrap 'batchfetch --shard auto --resume -o part-$SLURM_ARRAY_TASK_ID.jsonl urls.txt'
  One task again by itself is an array of one, so name its part: --shard 6/8 for task 5 of 0-7.

AWS Batch, an array job (AWS_BATCH_JOB_ARRAY_INDEX, from 0, and AWS_BATCH_JOB_ARRAY_SIZE; auto/n where that is missing):
  aws batch submit-job --array-properties size=8 --job-definition batchfetch --job-queue … --job-name pull
  with the command: sh -c 'batchfetch --shard auto -o /mnt/part-$AWS_BATCH_JOB_ARRAY_INDEX.jsonl /mnt/urls.txt'

GNU parallel (PARALLEL_SEQ, from 1; the number of a job slot is none of a job), over machines with --sshlogin:
  seq 8 | parallel 'batchfetch --shard {}/8 -o part-{}.jsonl urls.txt'
  seq 8 | parallel 'batchfetch --shard auto/8 -o part-{}.jsonl urls.txt'
`

// newShardingTopic returns the page of batchfetch help sharding. Without a Run it is no command.
func newShardingTopic() *cobra.Command {
	return &cobra.Command{Use: "sharding", Short: "One batch on many machines", Long: shardingText}
}
