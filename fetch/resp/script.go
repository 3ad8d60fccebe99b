package resp

import (
	"context"
	"crypto/sha1" //nolint:gosec // Redis names scripts so
	"encoding/hex"
	"strconv"
	"strings"
	"sync"
)

// A Script returns a script in Lua that a server runs, and the hash by which the server knows it.
type Script func() (text, sum string)

// NewScript returns the Script of a text in these parts. They are joined and hashed when it is run first.
func NewScript(parts ...string) Script {
	return sync.OnceValues(func() (text, sum string) {
		text = strings.Join(parts, "")
		hash := sha1.Sum([]byte(text)) //nolint:gosec // as above
		return text, hex.EncodeToString(hash[:])
	})
}

// Eval runs a script, with the first words as its keys, and returns the bulk string that it returns. The script may be
// run twice, as in Do. The error is that of Do, or a *Refusal of the script.
func (c *Client) Eval(ctx context.Context, s Script, maxBulk, keys int, words ...string) ([]byte, error) {
	command := Command{Words: append([]string{strconv.Itoa(keys)}, words...), MaxBulk: maxBulk}
	return c.EvalCommand(ctx, s, func(bool) (Command, error) { return command, nil })
}

// EvalCommand is Eval with the words and the value that command returns, the number of keys first. It is called again
// where the server does not know the script (unknown), as after a start, and is to be sent its text. An error of
// command is returned.
func (c *Client) EvalCommand(
	ctx context.Context, s Script, command func(unknown bool) (Command, error),
) ([]byte, error) {
	text, sum := s()
	for _, by := range [...][2]string{{"EVALSHA", sum}, {"EVAL", text}} {
		run, err := command(by[0] == "EVAL")
		if err != nil {
			return nil, err
		}
		run.Words, run.Reply = append([]string{by[0], by[1]}, run.Words...), Bulk
		replies, err := c.Do(ctx, run)
		switch {
		case err != nil:
			return nil, err
		case replies[0].Refusal == nil:
			return replies[0].Bulk, nil
		case replies[0].Refusal.Code != "NOSCRIPT" || by[0] == "EVAL":
			return nil, replies[0].Refusal
		}
	}
	return nil, ErrReply // unreachable: EVAL has returned
}
