"""What holds for every test, however the run was started."""

from __future__ import annotations

import functools
import os
import signal
import ssl
import sys
from pathlib import Path
from typing import Any, Final

import certifi
import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow, not wrong: how long one example takes proves nothing.
settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # Where a test names no number of its own. Each run draws others; `make full` draws ten times as many.
    max_examples=int(os.environ.get("PROPERTY_EXAMPLES", "50")),
)
settings.load_profile("house")

os.environ.setdefault("INTERACTIONS_PROXY_OPS_PORT", "0")
os.environ.setdefault("INTERACTIONS_PROXY_ADMIN_PORT", "0")  # proxies of several tests run at once

_MAKE_CONTEXT: Final = ssl.create_default_context


_WORLD: Final = os.environ.get("SSL_CERT_FILE", certifi.where())


@functools.cache
def _authorities_of_the_world() -> ssl.SSLContext:
    return _MAKE_CONTEXT(cafile=_WORLD)


def _context(*purpose: ssl.Purpose, **given: Any) -> ssl.SSLContext:
    """Each client of Google's SDK reads the same 300 kB of certificates three times, for 0.1 s; our servers speak plain HTTP."""
    if given.get("cafile") == _WORLD:
        return _authorities_of_the_world()
    return _MAKE_CONTEXT(*purpose, **given)


ssl.create_default_context = _context


_LONG: Final = tuple(
    str(Path(__file__).parent / name) + os.sep
    for name in ("end_to_end", "crash_states", "demo", "recorder", "cli", "reading")
)
"""Folders whose modules take many seconds for few tests."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long modules first, else in the order of the seed: no worker waits at the end for another's longest.

    (Begun with the modules of most tests, as xdist does by itself, a run ends with the few that take minutes.)
    """
    items.sort(key=lambda item: not str(item.path).startswith(_LONG))


def pytest_collection_finish() -> None:
    """Whoever collected tests of the tables begins with copies of finished ones."""
    if "proxy.store.database" in sys.modules:
        from tests import ready_tables

        ready_tables.lend()


def pytest_configure() -> None:
    """Ctrl-C works in the programs under test, even if this run is a shell's background job.

    Such a job inherits "ignore SIGINT", and hands it on to the programs it starts.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
