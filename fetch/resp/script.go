package resp

import (
	"context"
	"crypto/sha1" //nolint:gosec // Redis names scripts so
	"encoding/hex"
	"strconv"
)

// A Script is one in Lua that a server runs.
type Script struct{ text, sum string }

// NewScript returns the Script of a text.
func NewScript(text string) Script {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // as above
	return Script{text, hex.EncodeToString(sum[:])}
}

// Eval runs a script, with the first words as its keys, and returns the bulk string that it returns. The script may be
// run twice, as in Do. The error is that of Do, or a *Refusal of the script.
func (c *Client) Eval(ctx context.Context, s Script, maxBulk, keys int, words ...string) ([]byte, error) {
	for _, by := range [...][2]string{{"EVALSHA", s.sum}, {"EVAL", s.text}} {
		replies, err := c.Do(ctx, Command{
			Words: append([]string{by[0], by[1], strconv.Itoa(keys)}, words...), Reply: Bulk, MaxBulk: maxBulk,
		})
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
