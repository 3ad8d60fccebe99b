#!/usr/bin/env bash
# Slurm numbers the script of a batch job as if it were the first of the job's tasks.
#
# Expected: SLURM_PROCID and SLURM_NTASKS number the processes that srun starts ("the relative process ID", "the number
#   of tasks"). In a batch script, which srun has not started, they are unset, so that a program which finds both knows
#   that it is one of several and which.
# Seen: Slurm 22.05.8 (Debian 12), sbatch -n 4. The script itself has SLURM_PROCID=0 and SLURM_NTASKS=4, as the first of
#   four tasks has under srun. Without -n it has SLURM_PROCID=0 and no SLURM_NTASKS. What tells them apart is
#   SLURM_STEP_ID (or SLURM_STEP_NUM_TASKS), which only the tasks of a step have.
# Why it matters: a batch fetcher that divides its input by these two variables, started in the script without srun, as
#   one that needs no second process is, fetches a quarter of its input once and ends with 0. Nothing is reported, as
#   the other three parts are nobody's.
set -euo pipefail

dir=$(mktemp -d)
daemons=()
finish() {
  for daemon in "${daemons[@]}"; do kill "$daemon" 2>/dev/null || true; done
  wait || true
  rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
chmod 755 .
version=22.05.8-4+deb12u3
timeout 120 apt-get download -q slurmctld=$version slurmd=$version slurm-client=$version \
  slurm-wlm-basic-plugins=$version &>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
lib=$dir/root/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH=$lib/slurm-wlm:$lib SLURM_CONF=$dir/slurm.conf PATH=$dir/root/usr/bin:$PATH
mkdir state spool
host=$(hostname -s)
cat >slurm.conf <<END
ClusterName=finding
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=18491
SlurmdPort=18492
AuthType=auth/none
CredType=cred/none
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
PluginDir=$lib/slurm-wlm
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/controller.pid
SlurmdPidFile=$dir/node.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES State=UP
END
root/usr/sbin/slurmctld-wlm -D -c &>controller.log &
daemons+=($!)
root/usr/sbin/slurmd-wlm -D -d "$dir/root/usr/sbin/slurmstepd-wlm" &>node.log &
daemons+=($!)
for _ in $(seq 60); do
  [ "$(sinfo -h -o %t 2>/dev/null)" != idle ] || break
  sleep 1
done
sinfo -V

cat >script <<'END'
#!/bin/sh
echo "script: procid ${SLURM_PROCID-unset}, ntasks ${SLURM_NTASKS-unset}, step ${SLURM_STEP_ID-unset}"
srun sh -c 'echo "task: procid $SLURM_PROCID, ntasks $SLURM_NTASKS, step $SLURM_STEP_ID"'
echo end
END
chmod 755 script
sbatch -n 4 -o four ./script >/dev/null
sbatch -o one ./script >/dev/null
for _ in $(seq 60); do
  [ -n "$(squeue -h)" ] || break
  sleep 1
done
sort four
grep script one
grep -q '^script: procid 0, ntasks 4, step unset$' four
[ "$(grep -c '^task: procid [0-3], ntasks 4, step 0$' four)" = 4 ]
grep -q '^script: procid 0, ntasks unset, step unset$' one
