"""`python -m proxy.door`: the door, started by the supervisor."""

from __future__ import annotations

import argparse
import asyncio
import logging
import resource
import signal
import sys
from pathlib import Path

import uvloop

from proxy.config.load import load_resolved
from proxy.door.server import DoorServer
from proxy.errors import ProxyError, StartRefused
from proxy.lifeline import say_ready, when_alone
from proxy.logs import start_logging


async def _serve(server: DoorServer) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, server.reread)
    await when_alone(stop.set)
    await server.serve(stop, say_ready)


def main(arguments: list[str]) -> int:
    """Run the door; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m proxy.door", description=__doc__)
    parser.add_argument("--settings", type=Path, required=True, help="written by the supervisor")
    given = parser.parse_args(arguments)
    start_logging("text", "door")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold prompts
    try:
        chosen = load_resolved(given.settings)
        start_logging(chosen.log_format, "door")
        if chosen.door_policy_file is None:
            raise StartRefused("there is no door without door.policy_file")
        server = DoorServer(chosen.run_folder, chosen.door_policy_file)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(server))
    except ProxyError as error:
        logging.getLogger("door").error("%s", error)  # noqa: TRY400 - the text says it all
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
