"""`python -m proxy.fleet`: the shipper, started by the supervisor where `fleet.engine_file` is set."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import resource
import signal
import sys
import threading
from pathlib import Path
from typing import Final

from proxy.config.load import load_resolved
from proxy.errors import ProxyError
from proxy.fleet.home import following_of
from proxy.lifeline import say_ready, when_alone
from proxy.logs import start_logging
from proxy.store.sandbox.functions import pandas_not_sought

NICE: Final = 10
"""Below the recorder: what is shipped a second later is shipped all the same."""


async def _serve(settings_file: Path) -> None:
    loop = asyncio.get_running_loop()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await when_alone(stop.set)
    settings = load_resolved(settings_file)
    start_logging(settings.log_format, "fleet")
    following = following_of(settings)
    say_ready()  # before the engine is asked: it may be away, and nothing waits for it
    # Not before: on a busy machine nobody would start while it loads. Later threads have it, too.
    os.nice(NICE)
    with pandas_not_sought():
        await asyncio.to_thread(following.run, stop)


def main(arguments: list[str]) -> int:
    """Run the shipper; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m proxy.fleet", description=__doc__)
    parser.add_argument("--settings", type=Path, required=True, help="written by the supervisor")
    given = parser.parse_args(arguments)
    start_logging("text", "fleet")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold keys
    try:
        asyncio.run(_serve(given.settings))
    except ProxyError as error:
        logging.getLogger("fleet").error("%s", error)  # noqa: TRY400 - the text says it all
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
