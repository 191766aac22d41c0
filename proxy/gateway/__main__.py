"""`python -m proxy.gateway`: one worker, started by the supervisor with its listening socket."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import uvloop

from proxy.config.catalogue import Settings
from proxy.config.load import load_resolved
from proxy.errors import ProxyError
from proxy.gateway.deadlines import Deadlines
from proxy.gateway.server import Worker, WorkerSettings
from proxy.journal.format import Mode, Purpose
from proxy.journal.segments.space import SpaceLimits
from proxy.lifeline import say_ready, when_alone
from proxy.logs import start_logging

SWITCH_INTERVAL_S: Final = 0.0005
"""How long the loop may keep the interpreter from the journal's thread: a tenth of the default, about
the time of two group commits. Shorter costs switches, longer adds to every held byte under load."""


_NO_OPTIMIZING: Final = (
    "start without -O and PYTHONOPTIMIZE: the program's assertions keep promises"
)
MODES: Final = {"strict": Mode.STRICT, "available": Mode.AVAILABLE}


async def _serve(
    settings: WorkerSettings, listener: socket.socket, private: dict[Purpose, socket.socket]
) -> None:
    loop = asyncio.get_running_loop()
    worker = Worker(settings, loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    loop.add_signal_handler(signal.SIGHUP, worker.retire)
    await when_alone(worker.stop)
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run(listener, ready, private), name="worker")
        await ready.wait()
        gc.freeze()
        say_ready()


def main(arguments: list[str]) -> int:
    """Run one worker; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m proxy.gateway", description=__doc__)
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--worker", type=int, required=True)
    parser.add_argument("--listen-fd", type=int, required=True)
    parser.add_argument("--steward-fd", type=int, help="our own Unix socket for the steward")
    parser.add_argument("--verify-fd", type=int, help="the same for its verification")
    given = parser.parse_args(arguments)
    process = f"gateway-{given.worker}"
    start_logging("text", process, logging.INFO)
    if sys.flags.optimize:
        logging.getLogger("gateway").error("%s", _NO_OPTIMIZING)
        return 2
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    _set_process_limits()
    try:
        chosen = load_resolved(given.settings)
        start_logging(chosen.log_format, process, logging.INFO)
        settings = _settings(given.worker, chosen)
        listener = socket.socket(fileno=given.listen_fd)
        numbers = {Purpose.STEWARD: given.steward_fd, Purpose.VERIFY: given.verify_fd}
        private = {
            purpose: socket.socket(fileno=number)
            for purpose, number in numbers.items()
            if number is not None
        }
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, listener, private))
    except ProxyError as error:
        logging.getLogger("gateway").error("%s", error)  # noqa: TRY400 - the text says it all
        return 3
    return 0


def _settings(worker: int, chosen: Settings) -> WorkerSettings:
    """A gateway's part of the catalogue."""
    return WorkerSettings(
        worker=worker,
        data_folder=chosen.data_folder,
        master_key_file=chosen.master_key_file,
        upstream_url=chosen.upstream_url,
        upstream_ca_file=chosen.upstream_ca_file,
        upstream_proxy=_host_and_port(chosen.upstream_proxy_url),
        certificate_file=chosen.listen_tls_certificate_file,
        key_file=chosen.listen_tls_key_file,
        connect_timeout_s=chosen.upstream_connect_timeout_s,
        header_timeout_s=chosen.gateway_header_timeout_s,
        keepalive_s=chosen.gateway_keepalive_s,
        connections_max=chosen.gateway_connections_max,
        connections_per_address_max=chosen.gateway_connections_per_address_max,
        via=chosen.gateway_via,
        finishes=chosen.gateway_finish == "on",
        deadlines=Deadlines(
            body_s=chosen.gateway_body_timeout_s,
            reader_s=chosen.gateway_write_timeout_s,
            upstream_s=chosen.upstream_idle_timeout_s,
        ),
        drain_s=chosen.gateway_drain_s,
        mode=MODES[chosen.journal_mode],
        reads=MODES.get(chosen.journal_reads),
        intent_deadline_s=chosen.journal_intent_deadline_ms / 1000,
        segment_bytes=chosen.journal_segment_bytes,
        door=chosen.door_socket,
        door_deadline_s=chosen.door_deadline_ms / 1000,
        space=SpaceLimits(
            soft_bytes=chosen.journal_soft_bytes,
            hard_bytes=chosen.journal_hard_bytes,
            budget_bytes=chosen.journal_budget_bytes,
        ),
    )


def _host_and_port(url: str) -> tuple[str, int] | None:
    """Of the outbound proxy; None: there is none."""
    parts = urlsplit(url)
    return (parts.hostname, parts.port) if parts.hostname and parts.port else None


def _set_process_limits() -> None:
    """No core dumps (they would hold bodies and keys), and as many descriptors as we are allowed."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
