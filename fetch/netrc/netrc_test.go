package netrc

import (
	"strings"
	"testing"
)

func TestNetrc(t *testing.T) {
	const usual = "machine a.test login ann password one\n" +
		"machine b.test\n\tlogin bob\n\tpassword two\ndefault login any password three\n"
	const twoUsers = "machine a.test login ann password one machine a.test login eve password two"
	for _, tt := range []struct {
		name, file, host, user string
		want                   string // user:password; empty means none
	}{
		{"on one line", usual, "a.test", "", "ann:one"},
		{"over several lines", usual, "b.test", "", "bob:two"},
		{"names without regard to case", usual, "A.Test", "", "ann:one"},
		{"in capitals in the file", "machine A.TEST login ann password one", "a.test", "", "ann:one"},
		{"any other host", usual, "c.test", "", "any:three"},
		{"a sub-domain is another host", "machine a.test login ann password one", "www.a.test", "", ""},
		{"an ending is another host", "machine a.test login ann password one", "xa.test", "", ""},
		{"no entry", "machine a.test login ann password one", "c.test", "", ""},
		{"empty", "", "a.test", "", ""},
		{"password before login", "machine a.test password one login ann", "a.test", "", "ann:one"},
		{"the first entry counts", twoUsers, "a.test", "", "ann:one"},
		{"the entry of a user", twoUsers, "a.test", "eve", "eve:two"},
		{"no entry of a user", "machine a.test login ann password one", "a.test", "eve", ""},
		{"the default of a user", usual, "a.test", "any", "any:three"},
		{"a password for any user", "machine a.test password one", "a.test", "eve", "eve:one"},
		{"a password without a user", "machine a.test password one", "a.test", "", ""},
		{"a user without a password", "machine a.test login ann", "a.test", "", "ann:"},
		{"nothing behind default", "default login any password x machine a.test login ann password one",
			"a.test", "", "any:x"},
		{"quoted", `machine "a.test" login "ann lee" password "a \"b\" \\ \n\t#c"`,
			"a.test", "", "ann lee:a \"b\" \\ \n\t#c"},
		{"a quote within a word", `machine a.test login ann password o"ne`, "a.test", "", `ann:o"ne`},
		{"a backslash within a word", `machine a.test login ann password o\ne`, "a.test", "", `ann:o\ne`},
		{"an empty password", `machine a.test login ann password ""`, "a.test", "", "ann:"},
		{"comments", "# machine a.test login x password y\n  # more\nmachine a.test login ann # mine\n password one",
			"a.test", "", "ann:one"},
		{"a password that starts with #", "machine a.test login ann password #one", "a.test", "", "ann:#one"},
		{"an account", "machine a.test login ann account machine password one", "a.test", "", "ann:one"},
		{"a macro", "machine a.test login ann password one\nmacdef init\nmachine b.test login eve password x\n\n" +
			"machine b.test login bob password two", "b.test", "", "bob:two"},
		{"a macro up to the end", "machine a.test login ann password one macdef init\ncd /x\nbin",
			"a.test", "", "ann:one"},
		{"CRLF and a BOM", "\ufeffmachine a.test\r\nlogin ann\r\npassword one\r\n", "a.test", "", "ann:one"},
		{"an international host", "machine Bücher.test login ann password one", "xn--bcher-kva.test", "", "ann:one"},
		{"an address", "machine ::1 login ann password one", "::1", "", "ann:one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, err := Parse([]byte(tt.file))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if l, found := n.Login(tt.host, tt.user); found {
				got = l.Name + ":" + l.Password
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestNetrcErrors checks that an error names the line and repeats nothing of its text.
func TestNetrcErrors(t *testing.T) {
	for _, tt := range []struct{ name, file, want string }{
		{"a password with a space", "machine a.test\nlogin ann password s3cret s3cret2",
			"line 2: a word that is none of machine"},
		{"no machine", "login ann password s3cret", "line 1: login stands before any machine"},
		{"no value", "machine a.test login ann password", "line 1: the file ends"},
		{"no name", "\nmachine", "line 2: the file ends"},
		{"an empty name", `machine "" login ann password s3cret`, "line 1: machine has an empty name"},
		{"an open quote", "machine a.test login ann\npassword \"s3cret\nmachine b.test",
			"line 2: a double quote is not closed"},
		{"another format", "url = s3cret", "line 1: a word that is none of machine"},
		{"too long", strings.Repeat("# s3cret\n", maxFileSize), "is over 128 KiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.file))
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%v repeats the text", err)
			}
		})
	}
}

// FuzzNetrc checks that any file is read to its end or refused with an error that repeats no text of it, and that a
// quoted entry put before its text is found again.
func FuzzNetrc(f *testing.F) {
	for _, seed := range []string{
		"machine a.test login ann password one", "default login any", "macdef x\n\n", "machine \"a\\n\" password \"",
		"#\n# x", "account x", "\ufeff", "login",
	} {
		f.Add(seed, "pass \"word\"\\")
	}
	quote := strings.NewReplacer("\\", "\\\\", `"`, `\"`, "\n", `\n`)
	f.Fuzz(func(t *testing.T, file, password string) {
		const mark = "Zq7secretX9k"
		_, err := Parse([]byte(strings.ReplaceAll(file, "x", mark)))
		if err != nil && strings.Contains(err.Error(), mark) {
			t.Errorf("%v repeats the text", err)
		}
		n, err := Parse([]byte("machine mine.test login me password \"" + quote.Replace(password) + "\"\n" + file))
		if err != nil {
			return
		}
		if l, found := n.Login("mine.test", ""); !found || l.Password != password {
			t.Errorf("found %t %q, want %q", found, l, password)
		}
	})
}
