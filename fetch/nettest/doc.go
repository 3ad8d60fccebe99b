/*
Package nettest holds fixtures for tests: servers on loopback that misbehave as a test wants, and errors as net/http
returns them. Nothing but tests imports it.

	Talk, Say, ReadRequest, ResetOnClose, AwaitClose   a TCP server that a function answers for   tcp.go
	Pair, Eventually                                   both ends of a connection; waiting         tcp.go
	FreePort                                           a port for a program                       tcp.go
	ListenDNS, StartDNS, Nameserver                    a DNS server that a function answers for   nameserver.go
	StartRedis, RunRedis, RedisServer                  a process of redis-server                  redis.go
	SyscallError, StoppedBy                            an error and a context that ended          errors.go

Servers end with their test, and wait for their goroutines. It imports none of our packages.
*/
package nettest
