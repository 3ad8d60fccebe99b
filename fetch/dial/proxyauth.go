package dial

import "encoding/base64"

// BasicAuth returns the value of an Authorization or Proxy-Authorization header (RFC 7617).
func BasicAuth(username, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password))
}
