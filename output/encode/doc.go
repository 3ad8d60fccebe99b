// Package encode writes Records, the summary, the plan and log lines as JSON, one object a line. Its functions append
// to a slice; only SpoolRecord, for a body in a temporary file, writes to another one.
//
//	AppendRecord ──▸ appendBeforeBody, appendBody, appendAfterBody               record.go
//	                                      │
//	Content-Type ▸ mediaType ▸ charset ▸ UTF-8 ▸ JSON, text or base64            body.go, mediatype.go, charset.go,
//	                                      │                                      metacharset.go, xmlcharset.go,
//	                                      │                                      attribute.go, failurebody.go
//	                                      ▾
//	SpoolRecord ──▸ spooledLine ──▸ bodyForm: compactor, stringForm, base64Form  spooled.go, bodyform.go, compact*.go
//	                                      ▾
//	appendString, appendMillis, appendName …                                     text.go, number.go, members.go
//	                                      ▾
//	escapeCommands: no line has a command of a CI runner                         runnercommand.go
//
// Every line satisfies the JSON Schema (Schema), is UTF-8, has no character that a terminal obeys, no command that a CI
// runner obeys, and no secret.
package encode
