"""What only our own processes get at: Unix sockets of the gateway, and a credential in memory."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from proxy.config.declare import JANITOR_VARIABLE
from proxy.errors import StartRefused

NAMES: Final = ("steward", "verify")
"""Sockets in the run folder: run/steward.sock, run/verify.sock. Who asks is told by the socket alone."""
BACKLOG: Final = 64
"""The steward has a handful of requests in flight; these wait while its gateway restarts."""
CREDENTIAL_BYTES_MAX: Final = 16 * 1024
"""A header line: no credential of Google's is a quarter as long."""


@contextmanager
def private_listeners(run_folder: Path) -> Iterator[dict[str, socket.socket]]:
    """Listen on both sockets, for the owner alone. Only the supervisor that holds the folder may.

    Raises:
        StartRefused: a path is too long for a socket, or the folder refuses.
    """
    listeners: dict[str, socket.socket] = {}
    try:
        for name in NAMES:
            listeners[name] = _listen(run_folder / f"{name}.sock")
        yield listeners
    finally:
        for name, listener in listeners.items():
            listener.close()
            (run_folder / f"{name}.sock").unlink(missing_ok=True)


def take_janitor_key(environment: MutableMapping[str, str]) -> bytes | None:
    """The steward's credential out of the environment: no child started from now on inherits it.

    Raises:
        StartRefused: it cannot be a credential.
    """
    text = environment.pop(JANITOR_VARIABLE, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isprintable()) or len(text) > CREDENTIAL_BYTES_MAX:
        raise StartRefused(
            f"{JANITOR_VARIABLE} is not a credential: printable ASCII, {CREDENTIAL_BYTES_MAX} bytes at most"
        )
    return text.encode()


@contextmanager
def held_in_memory(secret: bytes) -> Iterator[int]:
    """A descriptor from which a child reads `secret` at each of its starts; on no disk, in no list of arguments.

    Raises:
        StartRefused: this system has no such files.
    """
    if not hasattr(os, "memfd_create"):
        raise StartRefused(
            f"{JANITOR_VARIABLE} needs Linux: use steward.credential_file on this system"
        )
    number = os.memfd_create("credential", os.MFD_CLOEXEC)
    try:
        os.pwrite(number, secret, 0)
        yield number
    finally:
        os.close(number)


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)  # of a run that was killed; its supervisor's lock is ours now
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(BACKLOG)
        listener.settimeout(0)
    except OSError as error:
        listener.close()
        raise StartRefused(
            f"cannot make the socket {path} ({error}): a path may have 107 bytes, "
            "choose a shorter data folder with --data"
        ) from error
    return listener
