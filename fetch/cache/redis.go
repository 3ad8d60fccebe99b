package cache

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"batchfetch/fetch/resp"
)

// A Redis is a Store in a Redis server, for jobs on several machines. Every key has a time to live; the server's
// maxmemory-policy decides which keys are evicted. A value, body and note together, has at most 1 MiB.
type Redis struct {
	client *resp.Client
	ttl    time.Duration // the time to live of a key
	renews bool          // each use of a key renews it
}

const (
	mostValue = 1 << 20 // bytes

	// redisTTL is the default time to live of a key, since its last use.
	redisTTL = 30 * 24 * time.Hour
	// redisTimeout bounds connecting to the server, and each call: a slower lookup saves no time.
	redisTimeout = time.Second
	// redisPool is the maximum number of connections. Further callers wait for one.
	redisPool = 64
)

// RedisSettings are the settings that a URL does not contain.
type RedisSettings struct {
	// Roots are the authorities for the certificate of a rediss:// server; nil is those of the system.
	Roots *x509.CertPool
	// Keep is the time to live of a key, which no use renews; 0 is 30 days since its last use.
	Keep time.Duration
	// Remember is for a Reporter, which has to know a body for longer than it may be reused: a key lives for 30 days, or
	// Keep where that is more, since its last use.
	Remember bool
}

// IsRedisURL reports whether text is a URL of a server rather than the name of a directory.
func IsRedisURL(text string) bool { return strings.Contains(text, "://") }

// OpenRedis returns a Store in the server at redis://[user:password@]host[:port][/db], or rediss:// for TLS.
// It does not connect yet. Its error never repeats a piece of the URL, which may be a piece of a password.
func OpenRedis(address string, settings RedisSettings) (*Redis, error) {
	o, err := resp.ParseURL(address, settings.Roots, redisTimeout, redisPool)
	switch {
	case errors.Is(err, resp.ErrScheme):
		return nil, errors.New("must be redis://, rediss:// or a directory")
	case err != nil:
		return nil, err
	}
	r := &Redis{client: resp.New(o), ttl: settings.Keep}
	if r.renews = settings.Remember || r.ttl <= 0; r.renews {
		r.ttl = max(r.ttl, redisTTL)
	}
	return r, nil
}

// redisKey returns the server's name of a key.
func redisKey(key Key) string { return "batchfetch:1:" + hex.EncodeToString(key[:]) }

// value returns the image under key, empty where there is none, and renews its time to live where use does. It is
// returned even where the server accepts no writes, such as a replica or one whose disk is full.
func (r *Redis) value(ctx context.Context, key Key) ([]byte, error) {
	name := redisKey(key)
	commands := []resp.Command{{ // never more than mostValue, whatever was written there
		Words: []string{"GETRANGE", name, "0", strconv.Itoa(mostValue - 1)}, Reply: resp.Bulk, MaxBulk: mostValue,
	}}
	if r.renews {
		commands = append(commands, r.renewal(key))
	}
	replies, err := r.client.Do(ctx, commands...)
	if err != nil {
		return nil, err
	}
	switch refusal := replies[0].Refusal; {
	case refusal == nil:
		return replies[0].Bulk, nil
	case refusal.Code == "WRONGTYPE": // not an entry of ours
		return nil, nil
	default:
		return nil, refusal
	}
}

// renewal is the command that renews the time to live of a key.
func (r *Redis) renewal(key Key) resp.Command {
	return resp.Command{Words: []string{"EXPIRE", redisKey(key), r.seconds()}, Reply: resp.Number}
}

// seconds returns the time to live of a key as commands have it, rounded up.
func (r *Redis) seconds() string {
	return strconv.FormatInt(int64((r.ttl+time.Second-1)/time.Second), 10)
}

// write sends a command that changes a key.
func (r *Redis) write(ctx context.Context, c resp.Command) error {
	replies, err := r.client.Do(ctx, c)
	if err == nil && replies[0].Refusal != nil {
		err = replies[0].Refusal
	}
	return err
}

// Get returns the Entry under key with its body; nil means none.
func (r *Redis) Get(ctx context.Context, key Key) (*Found, error) {
	image, err := r.value(ctx, key)
	if err != nil || len(image) == 0 {
		return nil, err
	}
	e, err := readNote(bytes.NewReader(image), int64(len(image)), image, key)
	if err != nil {
		return nil, nil
	}
	if e.kind == ofChoice && !r.renews { // it leads to responses that were stored after it
		_ = r.write(ctx, r.renewal(key)) // where that fails they are requested again
	}
	return NewFound(e, bytes.NewReader(image[:e.Size]), nil), nil
}

// Put returns a Writer that holds the body in memory.
func (r *Redis) Put(_ context.Context, key Key) (Writer, error) {
	return &redisWriter{redis: r, key: key}, nil
}

// A redisWriter is a Writer of a Redis.
type redisWriter struct {
	redis    *Redis
	key      Key
	image    []byte // the body so far
	tooLarge bool   // the body has more bytes than a value may have; image is nil
}

// Write appends p to the body, and drops it once it has more bytes than a value may have.
func (w *redisWriter) Write(p []byte) (int, error) {
	if w.tooLarge = w.tooLarge || len(w.image)+len(p) > mostValue; w.tooLarge {
		w.image = nil
	} else {
		w.image = append(w.image, p...)
	}
	return len(p), nil
}

// Commit sets the value.
func (w *redisWriter) Commit(ctx context.Context, e *Entry) error {
	note, err := appendCheckedNote(nil, w.key, e)
	w.image = append(w.image, note...)
	if w.tooLarge || err != nil || len(w.image) > mostValue {
		w.image = nil
		return errors.Join(ErrTooLarge, w.redis.Delete(ctx, w.key)) // what is stored there is older
	}
	return w.redis.write(ctx, resp.Command{
		Words: []string{"SETEX", redisKey(w.key), w.redis.seconds()}, Value: w.image, Reply: resp.Status,
	})
}

// Abort drops the body.
func (w *redisWriter) Abort() { w.image = nil }

// Refresh sets the value with another note, unless there is another body by now.
func (r *Redis) Refresh(ctx context.Context, key Key, e *Entry) error {
	image, err := r.value(ctx, key)
	if err != nil || len(image) == 0 {
		return err
	}
	there, err := readNote(bytes.NewReader(image), int64(len(image)), image, key)
	if err != nil || there.SHA256 != e.SHA256 || there.Size != e.Size || there.kind != e.kind {
		return nil
	}
	w := &redisWriter{redis: r, key: key, image: image[:e.Size]}
	if err = w.Commit(ctx, e); errors.Is(err, ErrTooLarge) {
		return nil
	}
	return err
}

// Delete removes key.
func (r *Redis) Delete(ctx context.Context, key Key) error {
	return r.write(ctx, resp.Command{Words: []string{"DEL", redisKey(key)}, Reply: resp.Number})
}

// Close closes all connections.
func (r *Redis) Close() error { return r.client.Close() }
