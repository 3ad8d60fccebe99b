package resp

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// A Config says which server a Client uses, and how. All fields but TLS, the credentials and DB have to be set.
type Config struct {
	Addr               string      // host:port
	TLS                *tls.Config // nil is no TLS
	Username, Password string      // for AUTH; without a password none is sent
	DB                 int
	Timeout            time.Duration // of a call once it is connected, and of connecting
	Conns              int           // the most connections
}

// A Client is a pool of sessions with one server. Any goroutine may use it.
type Client struct {
	config Config
	tokens chan struct{} // one for each session in use; its capacity is the most there may be

	mu     sync.Mutex // guards all below
	idle   []*session // the one that was used last is the last
	closed bool       // no session is kept any more
}

// A session is a connection to the server on which AUTH and SELECT are done. One call uses it at a time.
type session struct {
	socket net.Conn // below TLS
	stream net.Conn // socket, or TLS over it
	in     *bufio.Reader
}

// New returns a Client. It connects at the first call.
func New(c Config) *Client { return &Client{config: c, tokens: make(chan struct{}, c.Conns)} }

// Do sends commands, all at once, and returns a reply to each. The commands can be sent twice, as they are where the
// server has closed an idle connection. Its error is that of the connection, wraps ErrReply, is a *Refusal of AUTH or
// SELECT, or is the cause of ctx's end; what the server said is not in it.
func (c *Client) Do(ctx context.Context, commands ...Command) ([]Reply, error) {
	select {
	case c.tokens <- struct{}{}:
		defer func() { <-c.tokens }()
	default:
		waiting, cancel := c.withTimeout(ctx, "no connection to it was free within %s")
		defer cancel()
		select {
		case c.tokens <- struct{}{}:
			defer func() { <-c.tokens }()
		case <-waiting.Done():
			return nil, context.Cause(waiting)
		}
	}
	if s := c.takeIdle(); s != nil {
		replies, err := c.doOn(ctx, s, commands)
		if err == nil || ctx.Err() != nil || !isClosed(err) {
			return replies, err
		}
	}
	s, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	return c.doOn(ctx, s, commands)
}

// isClosed reports whether err may be that of a session which the server had closed while it was idle.
func isClosed(err error) bool {
	var limit *timeoutError
	return !errors.As(err, &limit) && !errors.Is(err, ErrReply)
}

// A timeoutError is that the server was too slow.
type timeoutError struct {
	text  string // with a verb for limit
	limit time.Duration
}

func (e *timeoutError) Error() string { return fmt.Sprintf(e.text, e.limit) }

// withTimeout bounds ctx by Config.Timeout. The cause of its end is then an error with that text.
func (c *Client) withTimeout(ctx context.Context, text string) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, c.config.Timeout, &timeoutError{text, c.config.Timeout})
}

// takeIdle returns an idle session, or nil.
func (c *Client) takeIdle() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := len(c.idle) - 1
	if last < 0 {
		return nil
	}
	s := c.idle[last]
	c.idle = c.idle[:last]
	return s
}

// doOn makes a call over s, which is idle afterwards, or closed where the call failed.
func (c *Client) doOn(ctx context.Context, s *session, commands []Command) ([]Reply, error) {
	ctx, cancel := c.withTimeout(ctx, "it does not answer within %s")
	defer cancel()
	replies, err := s.do(ctx, commands)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || c.closed {
		_ = s.socket.Close() // err is the error to return
		return replies, err
	}
	c.idle = append(c.idle, s)
	return replies, nil
}

// connect returns a new session.
func (c *Client) connect(ctx context.Context) (*session, error) {
	ctx, cancel := c.withTimeout(ctx, "no connection to it within %s")
	defer cancel()
	socket, err := new(net.Dialer).DialContext(ctx, "tcp", c.config.Addr)
	if err != nil {
		return nil, causeOr(ctx, err)
	}
	s := &session{socket: socket, stream: socket}
	if c.config.TLS != nil {
		tlsConn := tls.Client(socket, c.config.TLS)
		if err := tlsConn.HandshakeContext(ctx); err != nil {
			_ = socket.Close() // that error is the one to return
			return nil, causeOr(ctx, &handshakeError{err})
		}
		s.stream = tlsConn
	}
	s.in = bufio.NewReaderSize(s.stream, maxLine)
	if err := s.logIn(ctx, &c.config); err != nil {
		_ = socket.Close() // likewise
		return nil, err
	}
	return s, nil
}

// logIn sends AUTH and SELECT, where they are wanted.
func (s *session) logIn(ctx context.Context, c *Config) error {
	var commands []Command
	switch {
	case c.Password == "":
	case c.Username == "":
		commands = append(commands, Command{Words: []string{"AUTH", c.Password}, Reply: Status})
	default:
		commands = append(commands, Command{Words: []string{"AUTH", c.Username, c.Password}, Reply: Status})
	}
	if c.DB != 0 {
		commands = append(commands, Command{Words: []string{"SELECT", strconv.Itoa(c.DB)}, Reply: Status})
	}
	if len(commands) == 0 {
		return nil
	}
	replies, err := s.do(ctx, commands)
	if err != nil {
		return err
	}
	for i, reply := range replies {
		switch {
		case reply.Refusal == nil:
		case commands[i].Words[0] == "AUTH":
			return &Refusal{"WRONGPASS"}
		default:
			return reply.Refusal
		}
	}
	return nil
}

// do sends commands and reads their replies. The end of ctx ends it, with its cause; then, and after any other error,
// the session can't be used any more.
func (s *session) do(ctx context.Context, commands []Command) ([]Reply, error) {
	stop := context.AfterFunc(ctx, func() { _ = s.socket.Close() }) // the reader and the writer get its error
	replies, err := s.exchange(commands)
	switch {
	case !stop():
		return nil, context.Cause(ctx)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errClosed
	}
	return replies, err
}

var errClosed = errors.New("it has closed the connection")

// exchange is do without an end.
func (s *session) exchange(commands []Command) ([]Reply, error) {
	var text []byte
	for i := range commands {
		text = commands[i].appendTo(text)
	}
	if _, err := s.stream.Write(text); err != nil {
		return nil, err
	}
	replies := make([]Reply, len(commands))
	for i := range commands {
		var err error
		if replies[i], err = commands[i].readReply(s.in); err != nil {
			return nil, err
		}
	}
	if s.in.Buffered() > 0 {
		return nil, fmt.Errorf("%w: there is more", ErrReply)
	}
	return replies, nil
}

// causeOr returns the cause of ctx's end, or err where it has not ended.
func causeOr(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// A handshakeError is that of a TLS handshake, without names that the server's certificate has.
type handshakeError struct{ err error }

func (e *handshakeError) Unwrap() error { return e.err }

func (e *handshakeError) Error() string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(e.err, &unknown):
		return "its certificate is signed by an unknown authority"
	case errors.As(e.err, &name):
		return "its certificate is for another name"
	case errors.As(e.err, &invalid):
		return "its certificate is not valid"
	}
	return "the TLS handshake with it failed"
}

// Close closes the idle sessions, and the others once their calls have ended. A call that begins later connects anew.
func (c *Client) Close() error {
	c.mu.Lock()
	idle := c.idle
	c.idle, c.closed = nil, true
	c.mu.Unlock()
	for _, s := range idle {
		_ = s.socket.Close() // all has been read
	}
	return nil
}
