"""Where a fleet stands: each proxy in a network namespace, with cables to its clients, the catalog and the storage.

A cable is a pair of veth devices to one of three bridges; it is cut at the bridge (`ip link set ... down`), so that
what is under way gets neither an answer nor an end. Bridges and servers are in a namespace, too: a browser ends what it
loads when a link of its machine goes up or down. Where namespaces cannot be made (no root, no `ip`, a kernel
without veth) everything is on loopback, a test's warning says why, and the links to engine and storage are relays
that reset what is under way. Loss and delay (`tc ... netem`) are not tried: not every kernel has that module.
"""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import os
import re
import socket
import subprocess
import threading
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

HERE: Final = "127.0.0.1"
NAMESPACES: Final = Path("/run/netns")
RANGE: Final = ipaddress.IPv4Network("198.18.0.0/15")
"""For tests of networks (RFC 2544): nobody else's addresses. A fleet takes a /24 of it that this machine has not."""
CABLES: Final = ("clients", "catalog", "storage")
FIRST_MEMBER: Final = 10
HUB: Final = 0
"""Number of the namespace with bridges and servers."""
CLONE_NEWNET: Final = 0x40000000
PIECE: Final = 65536


class Way(Protocol):
    """From one proxy to a server."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...

    def cut(self) -> None: ...

    def mend(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where one proxy runs, and what it sees from there."""

    address: str
    """Where its gateway listens."""
    inside: AbstractContextManager[None]
    """Programs that are started and sockets that are made meanwhile are there."""
    upstream: Way
    to_catalog: Way
    to_storage: Way

    def close(self) -> None:
        for way in (self.upstream, self.to_catalog, self.to_storage):
            way.close()


class Ground(Protocol):
    """Where servers listen, and places for proxies."""

    catalog_host: str
    storage_host: str

    def place(self, upstream: int, catalog: int, storage: int) -> Place:
        """One more, given the servers' ports; the upstream listens on loopback."""


class Loopback:
    """All on one machine, as it is."""

    catalog_host = storage_host = HERE

    def place(self, upstream: int, catalog: int, storage: int) -> Place:
        relays = [Relay(port) for port in (upstream, catalog, storage)]
        return Place(HERE, contextlib.nullcontext(), *relays)


class Namespaces:
    """A network for each kind of cable, and a namespace for each proxy."""

    def __init__(self, name: str) -> None:
        """`name`: how all that is made begins. Raises OSError: not possible here; the text says why."""
        self._name = name
        self._count = 0
        first, *_, last = RANGE.subnets(new_prefix=24)
        taken = _addresses()
        own = int(first.network_address) + os.getpid() % 512 * 256
        room = next(
            (
                network
                for network in RANGE.subnets(new_prefix=24)
                if int(network.network_address) >= own
                and not any(address in network for address in taken)
            ),
            last,
        )
        networks = list(room.subnets(new_prefix=26))[: len(CABLES)]
        self._networks = dict(zip(CABLES, networks, strict=True))
        commands = []
        for cable, network in self._networks.items():
            bridge = self._device(cable)
            commands += [
                f"link add {bridge} type bridge",
                f"address add {network[1]}/26 dev {bridge}",
                f"link set {bridge} up",
            ]
        _ip(*commands)
        probe = self._namespace()
        _ip(f"link add {self._device('clients')}0 type veth peer name probe netns {probe}")
        with _inside(probe):
            pass
        self.catalog_host = str(self._networks["catalog"][1])
        self.storage_host = str(self._networks["storage"][1])

    def place(self, upstream: int, catalog: int, storage: int) -> Place:
        name = self._namespace()
        number = self._count
        commands = []
        for cable, network in self._networks.items():
            device = f"{self._device(cable)}{number}"
            commands += [
                f"link add {device} type veth peer name {cable} netns {name}",
                f"link set {device} master {self._device(cable)} up",
                f"-n {name} address add {network[FIRST_MEMBER + number]}/26 dev {cable}",
                f"-n {name} link set {cable} up",
            ]
        _ip(*commands)
        inside = _Inside(name)
        with inside:
            listener = socket.create_server((HERE, 0))
        return Place(
            str(self._networks["clients"][FIRST_MEMBER + number]),
            inside,
            Relay(upstream, listener),  # from there to here
            Cable(f"{self._device('catalog')}{number}", self.catalog_host, catalog),
            Cable(f"{self._device('storage')}{number}", self.storage_host, storage),
        )

    def _namespace(self) -> str:
        self._count += 1
        name = f"{self._name}-{self._count}"
        _make_namespace(name)
        return name

    def _device(self, cable: str) -> str:
        return f"{self._name}{cable[1]}"  # l, a, t: fifteen letters are all that a device has


@dataclass(frozen=True, slots=True)
class Cable:
    """Between a namespace and a bridge."""

    device: str
    host: str
    port: int

    def cut(self) -> None:
        _ip(f"link set {self.device} down")

    def mend(self) -> None:
        _ip(f"link set {self.device} up")

    def close(self) -> None:
        """It goes with its namespace."""


@contextmanager
def ground() -> Iterator[Ground]:
    """Namespaces, or what is nearest to them here. This thread and what it starts is in one of them until the end."""
    name = f"fl{os.getpid():x}"  # what a killed run leaves is found by it
    with contextlib.ExitStack() as stack:
        try:
            _sweep()
            stack.callback(_remove, name)
            _make_namespace(f"{name}-{HUB}")
            stack.enter_context(_inside(f"{name}-{HUB}"))
            found: Ground = Namespaces(name)
        except OSError as error:
            warnings.warn(f"no network namespaces here, links are relays: {error}", stacklevel=2)
            stack.close()
            found = Loopback()
        yield found


class _Inside(AbstractContextManager[None]):
    """Again and again into one namespace."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._now: contextlib.ExitStack | None = None

    def __enter__(self) -> None:
        self._now = contextlib.ExitStack()
        self._now.enter_context(_inside(self._name))

    def __exit__(self, *_: object) -> None:
        assert self._now is not None
        self._now.close()


@contextmanager
def _inside(name: str) -> Iterator[None]:
    """This thread, and what it starts, in that namespace. Python 3.12 has os.setns. Raises OSError."""
    with open("/proc/thread-self/ns/net", "rb") as ours, (NAMESPACES / name).open("rb") as theirs:  # noqa: PTH123
        _enter(theirs.fileno())
        try:
            yield
        finally:
            _enter(ours.fileno())


def _make_namespace(name: str) -> None:
    """Raises OSError."""
    _ip(f"netns add {name}", f"-n {name} link set lo up")


def _enter(descriptor: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _ip(*commands: str) -> str:
    """Raises OSError: it says why."""
    said = ""
    for command in commands:
        done = subprocess.run(
            ["ip", *command.split()],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise OSError(f"ip {command}: {done.stderr.strip()}")
        said += done.stdout
    return said


def _addresses() -> list[ipaddress.IPv4Address]:
    """All of this machine."""
    return [
        ipaddress.IPv4Address(found) for found in re.findall(r"inet ([\d.]+)", _ip("-4 -o address"))
    ]


def _sweep() -> None:
    """What an earlier run left that was killed."""
    names = {path.name for path in NAMESPACES.glob("fl*-*")} if NAMESPACES.is_dir() else set()
    for name in {each.partition("-")[0] for each in names}:
        number = name.removeprefix("fl")
        if re.fullmatch("[0-9a-f]+", number) and not Path(f"/proc/{int(number, 16)}").exists():
            _remove(name)


def _remove(name: str) -> None:
    for path in NAMESPACES.glob(f"{name}-*"):
        with contextlib.suppress(OSError):
            _ip(f"netns delete {path.name}")
    for cable in CABLES:
        with contextlib.suppress(OSError):
            _ip(f"link delete {name}{cable[1]}")


class Relay:
    """A way of bytes to a port of this machine; cut, those under way are reset, and new ones are refused."""

    host = HERE

    def __init__(self, target: int, listener: socket.socket | None = None) -> None:
        """`listener` may be in another namespace; the target is in this thread's."""
        self._target = target
        self._socket = listener or socket.create_server((HERE, 0))
        self.port: int = self._socket.getsockname()[1]
        self._is_cut = False
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._is_cut = True
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        self.cut()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._socket.accept()
            except OSError:
                return
            if self._is_cut:
                near.close()
                continue
            try:
                far = socket.create_connection((HERE, self._target), timeout=10)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            threading.Thread(target=self._join, args=(near, far), daemon=True).start()

    def _join(self, near: socket.socket, far: socket.socket) -> None:
        """Carry both ways until both have ended."""
        with near, far:
            self._open += [near, far]
            back = threading.Thread(target=self._carry, args=(far, near), daemon=True)
            back.start()
            self._carry(near, far)
            back.join()
            self._open.remove(near)
            self._open.remove(far)

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while (piece := source.recv(PIECE)) and not self._is_cut:
                sink.sendall(piece)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
