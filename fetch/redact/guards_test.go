package redact

import (
	"net/http"
	"strings"
	"testing"
)

// secretHeaders are request headers that carry a secret, of APIs that exist; ordinaryHeaders such that do not, though
// their names are near, or that are frequent.
const (
	secretHeaders = `Authorization Proxy-Authorization Cookie Cookie2 Authentication X-Authentication X-Authorization
		X-Ms-Authorization-Auxiliary X-Serverless-Authorization X-Forwarded-Authorization X-Goog-Iam-Authorization-Token
		X-Api-Key X-API_KEY Api-Key Apikey X-Apikey X-Mbx-Apikey X-Cmc_pro_api_key X-Rapidapi-Key X-Goog-Api-Key Dd-Api-Key
		Dd-Application-Key X-Algolia-Api-Key X-Parse-Rest-Api-Key X-Redmine-Api-Key Zotero-Api-Key X-N8n-Api-Key
		X-Els-Apikey Apca-Api-Key-Id Apca-Api-Secret-Key Ocp-Apim-Subscription-Key Fastly-Key X-Auth-Key X-Functions-Key
		X-Master-Key X-Access-Key Cb-Access-Key Cb-Access-Passphrase X-Api-Key-2 Key X-Key
		X-Amz-Server-Side-Encryption-Customer-Key
		X-Auth-Token X-Subject-Token X-Amz-Security-Token X-Shopify-Access-Token X-Figma-Token Private-Token Job-Token
		X-Vault-Token X-Plex-Token X-Trackertoken X-Els-Insttoken Circle-Token Token X-Csrf-Token X-Csrftoken X-Xsrf-Token
		X-Id-Token X-Registry-Auth X-Auth X-Auth-User X-Auth-Email X-Client-Secret X-Api-Secret Cf-Access-Client-Secret
		X-Password X-Passphrase X-Amz-Credential X-Session-Id Mcp-Session-Id Session X-Session X-Jsessionid X-Phpsessid
		X-Goog-Iap-Jwt-Assertion X-Jwt X-Bearer Dpop X-Github-Otp X-Amz-Cookie Set-Cookie`
	signatureHeaders = `X-Signature Signature X-Hub-Signature-256 X-Amz-Signature Cb-Access-Sign Kc-Api-Sign X-Hmac X-Sig`
	ordinaryHeaders  = `Accept Accept-Encoding Accept-Language Accept-Signature User-Agent Host Range If-Match
		If-None-Match If-Range Referer Origin Content-Type Content-Length Content-Language Content-Md5 Content-Disposition
		Date Etag Cache-Control Pragma Connection Priority Prefer Link Location Vary Via Warning Age Expires Last-Modified
		Idempotency-Key X-Idempotency-Key Sec-Websocket-Key Surrogate-Key Xkey X-Cache-Key X-Partition-Key Public-Key
		Public-Key-Pins X-Routing-Key Keep-Alive Keywords X-Keyboard Access-Control-Allow-Credentials
		Access-Control-Allow-Headers Www-Authenticate Proxy-Authenticate Authentication-Info Author X-Author Authority
		X-Continuation-Token X-Next-Token X-Amz-Next-Page-Token X-Ratelimit-Remaining-Tokens Anthropic-Ratelimit-Tokens-Limit
		X-Token-Count X-Token-Type Github-Authentication-Token-Expiration X-Oauth-Scopes X-Accepted-Oauth-Scopes
		Signature-Input X-Signature-Algorithm X-Design X-Request-Id X-Correlation-Id Traceparent Tracestate X-Trace
		X-Forwarded-For X-Forwarded-Host X-Requested-With X-Amz-Date X-Amz-Content-Sha256 X-Client-Id X-Account-Id
		X-Honeycomb-Team X-User-Id X-Github-Api-Version Anthropic-Version X-Assets X-Tokenizer X-Secretary X-Passenger
		X-Sessions Strict-Transport-Security Dnt Sec-Fetch-Mode X-Powered-By X-Ratelimit-Limit Retry-After`
)

// TestSecretHeaders checks which headers are masked, by the words of their names.
func TestSecretHeaders(t *testing.T) {
	for _, tt := range []struct {
		names             string
		request, response bool
	}{{secretHeaders, true, true}, {signatureHeaders, true, false}, {ordinaryHeaders, false, false}} {
		for name := range strings.FieldsSeq(tt.names) {
			for _, name := range []string{name, strings.ToLower(name), strings.ToUpper(name), http.CanonicalHeaderKey(name),
				strings.ReplaceAll(name, "-", "_")} {
				if IsSecretHeader(name) != tt.request || IsSecretResponseHeader(name) != tt.response {
					t.Errorf("%s: masked in a request: %t, in a response: %t", name, !tt.request, !tt.response)
				}
			}
		}
	}
}

// TestSecretHeadersInUnusableLines checks that the value of each secret header is hidden in a line that can't be
// parsed, and that of an ordinary one shown.
func TestSecretHeadersInUnusableLines(t *testing.T) {
	for name := range strings.FieldsSeq(secretHeaders + " " + signatureHeaders) {
		line := `{"url":"http://a.test/","headers":{"` + name + `":"hunter2"`
		if got := string(Line([]byte(line))); strings.Contains(got, "hunter2") || !strings.Contains(got, "a.test") {
			t.Errorf("%s is shown as %s", line, got)
		}
	}
	for name := range strings.FieldsSeq(ordinaryHeaders) {
		line := `{"url":"http://a.test/","headers":{"` + name + `":"text"`
		if got := string(Line([]byte(line))); got != line {
			t.Errorf("%s is shown as %s", line, got)
		}
	}
}
