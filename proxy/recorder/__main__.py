"""`python -m proxy.recorder`: the recorder, started by the supervisor."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from proxy.config.load import load_resolved
from proxy.errors import ProxyError, StartRefused
from proxy.heap import give_memory_back
from proxy.lifeline import say_ready, when_alone
from proxy.logs import start_logging
from proxy.recorder.rebuild import recorder_settings
from proxy.recorder.reserve import Reserve, full_disk
from proxy.recorder.server import Recorder, RecorderSettings, held_recorder_lock
from proxy.store.sandbox.functions import pandas_not_sought
from proxy.telemetry.traces.opening import trace_settings

COLLECT_AFTER: Final = (50_000, 20, 50)
"""Allocations before a collection. A batch is 100,000 small objects without a cycle among them; with
the default (700, 10, 10) the collector walked them again and again: 160 to 200 instead of 110 to 150
CPU us an exchange in DuckDB's thread (2 cores, busy, 2026-11-22)."""

_log = logging.getLogger("proxy.recorder")


def _give_way() -> None:
    """Batch scheduling, for all threads to come: the recorder never pre-empts a gateway that wakes up.

    Not SCHED_IDLE: on a machine whose cores are all busy the recorder would hardly run at all.
    """
    if hasattr(os, "SCHED_BATCH"):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


async def _serve(settings: RecorderSettings, admin_fd: int | None) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await when_alone(stop.set)
    recorder = Recorder(settings)
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    try:
        admin = None if admin_fd is None else socket.socket(fileno=admin_fd)
        await recorder.serve(stop, say_ready, admin)
    finally:
        recorder.close()


def main(arguments: list[str]) -> int:
    """Run the recorder; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m proxy.recorder", description=__doc__)
    parser.add_argument("--settings", type=Path, required=True, help="written by the supervisor")
    parser.add_argument("--admin-fd", type=int, help="a listening socket for the admin listener")
    parsed = parser.parse_args(arguments)
    start_logging("text", "recorder")
    _give_way()
    give_memory_back()
    try:
        settings = load_resolved(parsed.settings)
        start_logging(settings.log_format, "recorder")
        traces = trace_settings(settings, os.environ)
        return _record(replace(recorder_settings(settings), traces=traces), parsed.admin_fd)
    except StartRefused as error:
        _log.error("%s", error)  # an operator's mistake, not a bug: no traceback
        return 3
    except ProxyError as error:
        _log.error("%s", error)
        return 1
    except Exception:  # noqa: BLE001  # the one guard of this process
        _log.exception("the recorder stops; the next one goes on from the last commit")
        return 1


def _record(settings: RecorderSettings, admin_fd: int | None) -> int:
    """Run until the end; on a full disk give the reserve up, so that the next recorder has some room."""
    try:
        with held_recorder_lock(settings.run_folder), pandas_not_sought():
            asyncio.run(_serve(settings, admin_fd))
    except (OSError, ExceptionGroup, StartRefused) as error:
        full = full_disk(error)
        if full is None:
            raise
        given_up = Reserve(settings.data_folder).give_up()
        _log.error(
            "the disk has no room for the vault (%s)%s: free some, the next recorder goes on",
            full,
            ", the reserve is given up" * given_up,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
