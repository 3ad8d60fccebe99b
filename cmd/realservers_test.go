package cmd_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// A serverProgram is a web server that a Linux distribution ships, set up to serve a folder in clear and over TLS.
type serverProgram struct {
	name   string   // of its program, on the PATH or in /usr/sbin
	args   []string // of its command line, each a text/template; CONFIG stands for the file of its configuration
	module string   // a file without which it counts as missing; "" is none

	onlyUDP bool // it listens at no port over TCP

	// config is the text/template of its configuration; its data is a serverSite, as of args.
	config string
}

// serverPrograms are the servers that the scripts of testdata/servers pull from. Each compresses text on the fly, knows
// ranges and validators, and speaks HTTP/2 over TLS.
var serverPrograms = []serverProgram{
	{name: "lighttpd", args: []string{"-D", "-f", "CONFIG"}, module: "/usr/lib/lighttpd/mod_openssl.so", config: `
server.modules = ( "mod_openssl", "mod_deflate" )
server.document-root = "{{.Root}}"
server.bind = "127.0.0.1"
server.port = {{.Plain}}
server.stat-cache-engine = "disable"
server.errorlog = "{{.Dir}}/error.log"
mimetype.assign = ( ".csv" => "text/csv", ".txt" => "text/plain", ".json" => "application/json",
  "" => "application/octet-stream" )
deflate.mimetypes = ( "text/" )
deflate.allowed-encodings = ( "gzip" )
$SERVER["socket"] == "127.0.0.1:{{.TLS}}" {
  ssl.engine = "enable"
  ssl.pemfile = "{{.Dir}}/cert.pem"
  ssl.privkey = "{{.Dir}}/key.pem"
}
`},
	{name: "nginx", args: []string{"-c", "CONFIG", "-e", "stderr"}, config: `
daemon off; worker_processes 1; pid {{.Dir}}/nginx.pid; error_log {{.Dir}}/error.log;
events { worker_connections 1000; }
http {
  access_log off;
  types { text/csv csv; text/plain txt; application/json json; } default_type application/octet-stream;
  gzip on; gzip_types text/csv text/plain;
  client_body_temp_path {{.Dir}}/t1; proxy_temp_path {{.Dir}}/t2; fastcgi_temp_path {{.Dir}}/t3;
  uwsgi_temp_path {{.Dir}}/t4; scgi_temp_path {{.Dir}}/t5;
  server {
    listen 127.0.0.1:{{.Plain}};
    listen 127.0.0.1:{{.TLS}} ssl http2;
    ssl_certificate {{.Dir}}/cert.pem; ssl_certificate_key {{.Dir}}/key.pem;
    root {{.Root}};
  }
}
`},
	{name: "apache2", args: []string{"-X", "-f", "CONFIG"}, module: "/usr/lib/apache2/modules/mod_ssl.so", config: `
ServerRoot {{.Dir}}
ServerName 127.0.0.1
User nobody
DefaultRuntimeDir {{.Dir}}
PidFile {{.Dir}}/pid
ErrorLog {{.Dir}}/error.log
{{range $file := modules}}
LoadModule {{$file}}_module /usr/lib/apache2/modules/mod_{{$file}}.so{{end}}
Listen 127.0.0.1:{{.Plain}}
Listen 127.0.0.1:{{.TLS}} https
DocumentRoot {{.Root}}
TypesConfig /dev/null
AddType text/csv .csv
AddType text/plain .txt
AddType application/json .json
AddEncoding x-gzip .gz
AddOutputFilterByType DEFLATE text/csv text/plain
MaxConnectionsPerChild 0
<Directory {{.Root}}>
Require all granted
</Directory>
<VirtualHost 127.0.0.1:{{.TLS}}>
SSLEngine on
SSLCertificateFile {{.Dir}}/cert.pem
SSLCertificateKeyFile {{.Dir}}/key.pem
Protocols h2 http/1.1
</VirtualHost>
`},
	{name: "caddy", args: []string{"run", "--config", "CONFIG", "--adapter", "caddyfile"}, config: `
{
	admin off
	auto_https off
	skip_install_trust
	servers {
		protocols h1 h2
	}
}
(site) {
	bind 127.0.0.1
	root * {{.Root}}
	encode gzip
	file_server
}
http://127.0.0.1:{{.Plain}} {
	import site
}
https://127.0.0.1:{{.TLS}} {
	tls {{.Dir}}/cert.pem {{.Dir}}/key.pem
	import site
}
`},
}

// apacheModules are the modules that the configuration of apache2 loads; the others are built into Debian's.
var apacheModules = strings.Fields("mpm_event authz_core mime filter deflate ssl http2 socache_shmcb")

// TestRealServers runs the scripts of testdata/servers against each of serverPrograms, over HTTP/1.1 in clear and over
// HTTP/2. $SERVER is the base URL, $PROTOCOL the protocol of its Records, ca.pem its authority, and $ROOT the folder
// served. It skips servers that are not installed.
func TestRealServers(t *testing.T) {
	for _, program := range serverPrograms {
		t.Run(program.name, func(t *testing.T) {
			for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
				t.Run(strings.ReplaceAll(protocol, "/", ""), func(t *testing.T) {
					site := program.start(t)
					testscript.Run(t, testscript.Params{
						Dir:                 "testdata/servers",
						RequireExplicitExec: true,
						Setup:               func(script *testscript.Env) error { return site.setEnv(script, protocol) },
						Cmds:                scriptCommands,
					})
				})
			}
		})
	}
}

// setEnv tells a script where the site is.
func (s *serverSite) setEnv(script *testscript.Env, protocol string) error {
	env := &scriptEnv{origin: newOrigin()}
	script.Values[scriptEnvKey{}] = env
	script.Defer(env.close)
	script.Setenv("GORACE", "atexit_sleep_ms=0")
	script.Setenv("ROOT", s.Root)
	script.Setenv("PROTOCOL", protocol)
	script.Setenv("SERVER", "http://127.0.0.1:"+s.Plain)
	if protocol == "HTTP/2.0" {
		script.Setenv("SERVER", "https://127.0.0.1:"+s.TLS)
	}
	script.Setenv("BATCHFETCH_CACERT", filepath.Join(s.Dir, "cert.pem"))
	return nil
}

// start runs the server until the end of the test, or skips the test where it is not installed.
func (p *serverProgram) start(t *testing.T) *serverSite {
	t.Helper()
	path, err := exec.LookPath(p.name)
	if err != nil {
		path = filepath.Join("/usr/sbin", p.name)
	}
	for _, file := range []string{path, p.module} {
		if _, err := os.Stat(file); file != "" && err != nil {
			t.Skipf("%s is not installed: %v", p.name, err)
		}
	}
	site := newServerSite(t)
	config := filepath.Join(site.Dir, "config")
	writeServed(t, config, site.fill(t, p.config))

	args := make([]string, len(p.args))
	for i, arg := range p.args {
		args[i] = strings.Replace(string(site.fill(t, arg)), "CONFIG", config, 1)
	}
	server := exec.Command(path, args...)
	server.Dir = site.Dir
	server.Env = append(os.Environ(), "HOME="+site.Dir, "XDG_DATA_HOME="+site.Dir, "XDG_CONFIG_HOME="+site.Dir)
	var said bytes.Buffer
	server.Stdout, server.Stderr = &said, &said
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Wait() }()
	stop := sync.OnceFunc(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(scriptTimeout):
			_ = server.Process.Kill()
			<-ended
		}
	})
	t.Cleanup(stop)
	ports := []string{site.Plain, site.TLS}
	if p.onlyUDP {
		ports = nil
	}
	for _, port := range ports {
		if err := awaitPort(port, ended); err != nil {
			stop()
			t.Fatalf("%s: %v\n%s", p.name, err, said.String())
		}
	}
	return site
}

// fill returns what a text/template comes to.
func (s *serverSite) fill(t *testing.T, text string) []byte {
	t.Helper()
	var filled bytes.Buffer
	form := template.New("").Funcs(template.FuncMap{"modules": func() []string { return apacheModules }})
	if err := template.Must(form.Parse(text)).Execute(&filled, s); err != nil {
		t.Fatal(err)
	}
	return filled.Bytes()
}

// awaitPort waits until a port of 127.0.0.1 takes connections, or ended is closed.
func awaitPort(port string, ended <-chan struct{}) error {
	for deadline := time.Now().Add(scriptTimeout); time.Now().Before(deadline); {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			return c.Close()
		}
		select {
		case <-ended:
			return fmt.Errorf("ended before it listened at port %s", port)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return fmt.Errorf("does not listen at port %s", port)
}
