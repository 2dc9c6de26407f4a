"""listen HOW, connect ADDRESS PORT: says "ready", and ends with its standard input."""

import asyncio
import socket
import sys

PORT = 8080


def raw():
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("::", PORT))
    listener.listen()
    return listener


def in_asyncio():
    loop = asyncio.new_event_loop()
    return loop, loop.run_until_complete(asyncio.start_server(lambda reader, writer: None, None, PORT))


LISTENERS = {
    "create_server": lambda: socket.create_server(("", PORT)),
    "on 0.0.0.0": lambda: socket.create_server(("0.0.0.0", PORT)),
    "dualstack_ipv6": lambda: socket.create_server(("", PORT), family=socket.AF_INET6, dualstack_ipv6=True),
    "AF_INET6": lambda: socket.create_server(("", PORT), family=socket.AF_INET6),
    "raw": raw,
    "asyncio": in_asyncio,
}

how, *arguments = sys.argv[1:]
if how == "listen":
    kept = LISTENERS[arguments[0]]()
else:
    family = socket.AF_INET6 if ":" in arguments[0] else socket.AF_INET
    kept = socket.socket(family)
    kept.connect((arguments[0], int(arguments[1])))
print("ready", flush=True)
sys.stdin.read()
