/*
Package netns gives a test a network of its own: a client's network namespace, and links with a round-trip time, a
bandwidth, loss and a filter to server namespaces. It is for Linux, so tests with it stand in files whose
names end in _linux_test, and for root: Run skips the test with a word where namespaces or tun devices can't be made.

	func TestFar(t *testing.T) {
		netns.Run(t, func(t *testing.T) {
			link := netns.Connect(t, netns.Path{RTT: 100 * time.Millisecond})
			listener := link.Listen(t, link.Addr(1), 80) // link.Addr(n) is one of 65,534 addresses of the server
			go http.Serve(listener, handler)
			http.Get("http://" + link.Addr(1).String()) // takes 200 ms
		})
	}

	Run               runs the test again in a process of its own, in new namespaces           run_linux.go
	Sysctl, WriteFile settings of the client's kernel; a file in place of /etc/resolv.conf     run_linux.go
	Connect, Link     a server's namespace, and the tun devices between it and the client's    link_linux.go
	Path              how packets are delayed, and which are dropped                           forward_linux.go

All sockets of the process are the client's, and so are those of every program that it starts, but for what is made
within Link.Do and Link.Listen. A link forwards IP packets in user space between two tun devices. There is no resolver
and no way to another network.

Nothing but tests imports it. It imports none of our packages.
*/
package netns
