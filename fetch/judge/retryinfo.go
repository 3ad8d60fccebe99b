package judge

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// RetryInfoOf returns how long the JSON body of a refusal asks to wait by google.rpc.RetryInfo (google.aip.dev/193): in
// a detail of the error alone, without Retry-After, as servers behind grpc-gateway 2.33 and those of Connect 1.21 do. 0
// is not at all. A body that was cut says nothing.
func RetryInfoOf(body []byte) time.Duration {
	var value any
	if !bytes.Contains(body, []byte(`"retryDelay"`)) || json.Unmarshal(body, &value) != nil {
		return 0
	}
	return min(findRetryInfo(value), longestReset)
}

// findRetryInfo returns the longest wait of all RetryInfos within a JSON value.
func findRetryInfo(value any) (longest time.Duration) {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			longest = max(longest, findRetryInfo(element))
		}
	case map[string]any:
		if isRetryInfo(v) {
			return retryDelayOf(v)
		}
		for _, member := range v {
			longest = max(longest, findRetryInfo(member))
		}
	}
	return longest
}

// isRetryInfo reports whether an object is a RetryInfo: as JSON has any message ("@type"), or as Connect has details.
func isRetryInfo(object map[string]any) bool {
	for _, name := range [...]string{"@type", "type"} {
		text, _ := object[name].(string)
		if text == "google.rpc.RetryInfo" || strings.HasSuffix(text, "/google.rpc.RetryInfo") {
			return true
		}
	}
	return false
}

// retryDelayOf returns the wait that a RetryInfo has itself, or in its debug member, where Connect has it as JSON: a
// duration of protobuf, "3.5s". 0 is none.
func retryDelayOf(info map[string]any) time.Duration {
	text, ok := info["retryDelay"].(string)
	if debug, _ := info["debug"].(map[string]any); !ok {
		text, _ = debug["retryDelay"].(string)
	}
	if !strings.HasSuffix(text, "s") {
		return 0
	}
	wait, err := time.ParseDuration(text)
	if err != nil {
		return 0
	}
	return max(wait, 0)
}
