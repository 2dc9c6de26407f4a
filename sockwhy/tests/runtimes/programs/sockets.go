// listen NETWORK ADDRESS, connect NETWORK ADDRESS: says "ready", and ends with its standard input.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	var socket io.Closer
	var err error
	if os.Args[1] == "listen" {
		socket, err = net.Listen(os.Args[2], os.Args[3])
	} else {
		socket, err = net.Dial(os.Args[2], os.Args[3])
	}
	if err != nil {
		panic(err)
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	socket.Close()
}
