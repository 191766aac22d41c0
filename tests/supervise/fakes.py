"""Small real programs that stand in for gateway and recorder."""

from __future__ import annotations

import sys
from pathlib import Path

WAITING = """
import os, select, signal
heard, told = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
signal.set_wakeup_fd(told)
def wait(descriptor):
    "Until it has something to read; signals are handled meanwhile."
    while descriptor not in select.select([descriptor, heard], [], [])[0]:
        os.read(heard, 100)
"""
"""How a fake waits: a handler of Python's runs between two steps, so a signal that comes just before a call that waits
would be noticed after it only. Here the signal ends the wait."""
OBEDIENT = (
    WAITING
    + """
import sys
notes = open(sys.argv[1], "a", buffering=1)
name = sys.argv[2]
def end(*_):
    notes.write(f"{name} stopped\\n")
    os._exit(0)
signal.signal(signal.SIGTERM, end)
notes.write(f"{name} ready {os.getpid()}\\n")
print("ready", flush=True)
wait(0)
notes.write(f"{name} orphaned\\n")
"""
)
TALKATIVE = OBEDIENT.replace('print("ready"', 'print("early\\nready\\nlate"')
DEAF = OBEDIENT.replace("signal.SIGTERM, end", "signal.SIGTERM, signal.SIG_IGN")
BROKEN = "import sys; sys.exit(3)"
SHORT_LIVED = OBEDIENT.split("wait(0)", maxsplit=1)[0]
SILENT = "import os; os.read(0, 1)"
LISTENING = (
    WAITING
    + """
import socket, sys
notes = open(sys.argv[1], "a", buffering=1)
worker, number = sys.argv[-3], int(sys.argv[-1])
listener = socket.socket(fileno=number)
listener.setblocking(True)
def end(*_):
    notes.write(f"gateway {worker} stopped\\n")
    os._exit(0)
signal.signal(signal.SIGTERM, end)
notes.write(f"gateway {worker} ready {os.getpid()}\\n")
print("ready", flush=True)
while True:
    wait(listener)
    client, _ = listener.accept()
    client.sendall(worker.encode())
    client.close()
"""
)
SUCCEEDING = (
    WAITING
    + """
import socket, sys
notes = open(sys.argv[1], "a", buffering=1)
listener = socket.socket(fileno=int(sys.argv[-1]))
listener.settimeout(20)
retired = []
def retire(*_):
    notes.write(f"{os.getpid()} retired\\n")
    retired.append(1)
    os._exit(0)
signal.signal(signal.SIGHUP, retire)
signal.signal(signal.SIGTERM, lambda *_: (notes.write(f"{os.getpid()} stopped\\n"), os._exit(0)))
notes.write(f"{os.getpid()} ready\\n")
print("ready", flush=True)
wait(heard)
"""
)
PRIVATE = (
    WAITING
    + """
import sys
notes = open(sys.argv[1], "a", buffering=1)
given = dict(zip(sys.argv[2::2], sys.argv[3::2]))
secret = os.pread(int(given["--credential-fd"]), 100, 0) if "--credential-fd" in given else b""
def end(*_):
    notes.write("steward stopped\\n")
    os._exit(0)
signal.signal(signal.SIGTERM, end)
notes.write(f"steward ready {os.getpid()} {secret.decode()} {sorted(given)[-1]}\\n")
print("ready", flush=True)
wait(0)
"""
)
DOOR = OBEDIENT.replace(
    "signal.signal(signal.SIGTERM, end)",
    "signal.signal(signal.SIGTERM, end)\n"
    'signal.signal(signal.SIGHUP, lambda *_: notes.write("door read again\\n"))',
).replace("wait(0)", "while True:\n    wait(heard)\n    os.read(heard, 100)")


def program(text: str, *arguments: str | Path) -> tuple[str, ...]:
    """The command line of one of the above. -S, -E, -I: it starts in 10 ms."""
    return (sys.executable, "-I", "-S", "-c", text, *map(str, arguments))
