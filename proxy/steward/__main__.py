"""`python -m proxy.steward`: the steward, started by the supervisor."""

from __future__ import annotations

import argparse
import asyncio
import logging
import resource
import signal
import socket
import sys
from pathlib import Path

from proxy.audit.retention.clocks import HOUR_NS, Tier, days_chosen
from proxy.config.load import load_resolved
from proxy.errors import ProxyError
from proxy.journal.keys import FingerprintKey
from proxy.lifeline import say_ready, when_alone
from proxy.logs import start_logging
from proxy.steward.credential import read_credential
from proxy.steward.disposal.ledger import Project
from proxy.steward.disposal.signing import Signer
from proxy.steward.server import StewardSettings, read_secrets, serve


async def _serve(settings: StewardSettings) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await when_alone(stop.set)
    await serve(settings, stop, say_ready)


def main(arguments: list[str]) -> int:
    """Run the steward; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m proxy.steward", description=__doc__)
    parser.add_argument("--settings", type=Path, required=True, help="written by the supervisor")
    parser.add_argument(
        "--credential-fd", type=int, help="where the credential is read, if not from a file"
    )
    parser.add_argument("--webhook-fd", type=int, help="the listening socket for webhooks")
    given = parser.parse_args(arguments)
    start_logging("text", "steward")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold the credential
    try:
        asyncio.run(_serve(_settings(given)))
    except ProxyError as error:
        logging.getLogger("steward").error("%s", error)  # noqa: TRY400 - the text says it all
        return 3
    return 0


def _settings(given: argparse.Namespace) -> StewardSettings:
    chosen = load_resolved(given.settings)
    start_logging(chosen.log_format, "steward")
    key = FingerprintKey.load_or_create(chosen.data_folder / "keys" / "fingerprint.key")
    listener = None if given.webhook_fd is None else socket.socket(fileno=given.webhook_fd)
    return StewardSettings(
        run_folder=chosen.run_folder,
        credential=read_credential(
            chosen.steward_credential_file, given.credential_fd, key, chosen.steward_scope
        ),
        requests_per_s=chosen.steward_requests_per_s,
        listener=listener,
        secrets=read_secrets(chosen.webhook_secret_file),
        audience=chosen.webhook_audience,
        project=Project(
            Tier(chosen.retention_tier),
            days_chosen(chosen.retention_paid_days),
            chosen.retention_policies_file,
            chosen.retention_notice_hours * HOUR_NS,
            chosen.retention_probes_per_hour,
        ),
        has_fleet=chosen.fleet_engine_file is not None,
        signer=Signer.load_or_create(chosen.data_folder / "keys" / "receipts.key"),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
