package cmd_test

import (
	"crypto/rand"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"batchfetch/fetch/nettest"
)

// slurmDaemons are the programs of a Slurm of one node: authentication, control and the node.
var slurmDaemons = []string{"munged", "slurmctld", "slurmd"}

// hasSlurm reports whether a Slurm of one node can be started: root alone may.
func hasSlurm() bool {
	if testing.Short() || runtime.GOOS != "linux" || os.Getuid() != 0 {
		return false
	}
	for _, name := range append([]string{"sbatch", "srun", "scontrol", "squeue"}, slurmDaemons...) {
		if _, err := exec.LookPath(name); err != nil {
			return false
		}
	}
	return true
}

// slurmConfig is the text/template of slurm.conf; its data is a slurmNode.
var slurmConfig = template.Must(template.New("").Parse(`
ClusterName=test
SlurmctldHost={{.Host}}(127.0.0.1)
SlurmctldPort={{.ControlPort}}
SlurmdPort={{.NodePort}}
AuthType=auth/munge
AuthInfo=socket={{.Dir}}/munge.sock
SlurmUser=root
SlurmdUser=root
StateSaveLocation={{.Dir}}/state
SlurmdSpoolDir={{.Dir}}/spool
SlurmctldPidFile={{.Dir}}/slurmctld.pid
SlurmdPidFile={{.Dir}}/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0
SlurmdParameters=config_overrides
ReturnToService=2
MessageTimeout=60
SlurmdTimeout=0
KillWait=1
NodeName={{.Host}} NodeAddr=127.0.0.1 CPUs=8 State=UNKNOWN
PartitionName=all Nodes={{.Host}} Default=YES MaxTime=INFINITE State=UP
`))

// A slurmNode is a Slurm of one node that a script has for itself.
type slurmNode struct {
	Dir, Host, ControlPort, NodePort string

	env     []string
	daemons []*slurmDaemon
}

// A slurmDaemon is a daemon of Slurm under a shell that ends it when its standard input is closed, be it by the end of
// the test.
type slurmDaemon struct {
	shell *exec.Cmd
	stdin io.Closer
}

const endWithStdin = `"$@" </dev/null >>"$0" 2>&1 &
daemon=$!
read -r _
kill $daemon
n=0
while kill -0 $daemon 2>/dev/null && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
kill -9 $daemon 2>/dev/null
exit 0`

// startSlurm is the command slurm: it starts a Slurm of one node, whose jobs are numbered from 1 on, until the end of
// the script.
func startSlurm(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && len(args) == 0, "slurm")
	node := &slurmNode{Dir: ts.MkAbs(".slurm")}
	ts.Check(node.configure())
	ts.Defer(node.stop)
	ts.Setenv("SLURM_CONF", filepath.Join(node.Dir, "slurm.conf"))
	in := func(name string) string { return filepath.Join(node.Dir, name) }
	ts.Check(node.start("munged", "--foreground", "--force", "--key-file="+in("munge.key"), "--socket="+in("munge.sock"),
		"--pid-file="+in("munge.pid"), "--log-file="+in("munge.log"), "--seed-file="+in("munge.seed")))
	ts.Check(awaitTrue(func() bool { _, err := os.Stat(in("munge.sock")); return err == nil }))
	ts.Check(node.start("slurmctld", "-D", "-c"))
	ts.Check(node.start("slurmd", "-D"))
	isIdle := func() bool { return strings.Contains(node.said("sinfo", "-h", "-o", "%T"), "idle") }
	if err := awaitTrue(isIdle); err != nil {
		for _, name := range slurmDaemons {
			log, _ := os.ReadFile(in(name + ".out")) // one that was not started has none
			ts.Logf("%s: %s", name, log)
		}
		ts.Fatalf("Slurm does not start: %v", err)
	}
}

// configure writes the files of the node.
func (n *slurmNode) configure() error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	n.Host, _, _ = strings.Cut(name, ".")
	n.env = append(os.Environ(), "SLURM_CONF="+filepath.Join(n.Dir, "slurm.conf"))
	for _, port := range []*string{&n.ControlPort, &n.NodePort} {
		if *port, err = nettest.FreePort(); err != nil {
			return err
		}
	}
	var text strings.Builder
	return errors.Join(
		slurmConfig.Execute(&text, n),
		os.MkdirAll(filepath.Join(n.Dir, "state"), 0o755),
		os.MkdirAll(filepath.Join(n.Dir, "spool"), 0o755),
		os.WriteFile(filepath.Join(n.Dir, "slurm.conf"), []byte(text.String()), 0o644),
		os.WriteFile(filepath.Join(n.Dir, "munge.key"), []byte(rand.Text()+rand.Text()), 0o600),
	)
}

// start starts a daemon, whose output is beside the configuration.
func (n *slurmNode) start(name string, args ...string) error {
	log := filepath.Join(n.Dir, name+".out")
	d := &slurmDaemon{shell: exec.Command("sh", append([]string{"-c", endWithStdin, log, name}, args...)...)}
	d.shell.Dir, d.shell.Env = n.Dir, n.env
	var err error
	if d.stdin, err = d.shell.StdinPipe(); err != nil {
		return err
	}
	if err := d.shell.Start(); err != nil {
		return err
	}
	n.daemons = append(n.daemons, d)
	return nil
}

// said returns what a program of Slurm prints; one that fails says nothing.
func (n *slurmNode) said(name string, args ...string) string {
	program := exec.Command(name, args...)
	program.Env = n.env
	out, _ := program.Output()
	return string(out)
}

// stop ends the jobs that are left and then the daemons, and awaits them.
func (n *slurmNode) stop() {
	if n.said("squeue", "-h") != "" {
		_ = n.said("scancel", "--user=root")
		_ = awaitTrue(func() bool { return n.said("squeue", "-h") == "" }) // then they outlive the daemons
	}
	for _, d := range slices.Backward(n.daemons) {
		_ = d.stdin.Close()
		_ = d.shell.Wait()
	}
}

// awaitTrue waits until true returns true, or as long as a script waits for anything.
func awaitTrue(true func() bool) error {
	for deadline := time.Now().Add(scriptTimeout); !true(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			return errors.New("it took longer than " + scriptTimeout.String())
		}
	}
	return nil
}
