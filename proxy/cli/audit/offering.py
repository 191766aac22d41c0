"""`dispose --key-from-stdin`: a credential that is offered for one wish, where the steward has none for its client."""

from __future__ import annotations

import asyncio
import getpass
import resource
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Final

from proxy.cli.settings import resolved
from proxy.cli.verb import Arguments
from proxy.errors import ConfigError

if TYPE_CHECKING:
    from proxy.config.catalogue import Settings
    from proxy.reading.disposal.dispose import Wish
    from proxy.steward.offering.offered import Came, Offer

WITHIN_S: Final = 1200
"""The last of the looks after a DELETE is 600 s after it; two looks that see nothing are a minute apart."""


def dispose_with_key(parsed: Arguments, wish: Wish) -> int:
    """Put the wish on record and carry it out; 1: something is not gone, 130: cancelled.

    Raises:
        ConfigError: of a fleet's stewards one acts at a time, and this would be another.
        StartRefused: what was given is no credential.
        ScopeTaken: somebody cares for this client already.
        StoreError: no recorder runs, or it refuses.
    """
    import time

    from proxy.reading.disposal import dispose
    from proxy.reading.erasing.asked import asked
    from proxy.reading.layout import terminal
    from proxy.reading.sql import CANCELLED
    from proxy.steward.offering.offered import claimed

    settings = resolved(parsed).settings
    if settings.fleet_engine_file is not None:
        raise ConfigError(
            "fleet.engine_file is set: --key-from-stdin would act beside the fleet's stewards; "
            "give one of them the credential (steward.credential_file)"
        )
    asked(settings.data_folder, "/flush", {})  # before a key is asked for
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold the credential
    offer = _offer(settings, _secret(), parsed.within)
    with closing(claimed(settings.run_folder, offer.credential)):

        def carry_out(names: Sequence[str]) -> int:
            try:
                came = asyncio.run(_carried_out(settings, offer, names))
            except KeyboardInterrupt:
                terminal.say("cancelled: what is under way is on record; ask again to go on")
                return CANCELLED
            for one in came:
                sys.stdout.write(terminal.one_line(f"{one.interaction}: {_said(one)}") + "\n")
            return dispose.DONE if all(one.is_final for one in came) else dispose.FOUND_A_PROBLEM

        return dispose.run(
            settings.data_folder, wish, time.time_ns(), is_dry=parsed.dry_run, then=carry_out
        )


def _secret() -> bytes:
    if sys.stdin.isatty():
        try:
            return getpass.getpass("credential: ").encode()
        except EOFError:
            return b""
    from proxy.steward.credential import BYTES_MAX

    return sys.stdin.buffer.read(BYTES_MAX + 2)  # and the end of its line


def _offer(settings: Settings, secret: bytes, within_s: float) -> Offer:
    from proxy.audit.retention.clocks import Tier, days_chosen
    from proxy.steward.disposal.ledger import Project
    from proxy.steward.disposal.signing import Signer
    from proxy.steward.offering.offered import Offer, credential_of

    return Offer(
        credential=credential_of(settings.data_folder, secret, settings.steward_scope),
        project=Project(Tier(settings.retention_tier), days_chosen(settings.retention_paid_days)),
        signer=Signer.load_or_create(settings.data_folder / "keys" / "receipts.key"),
        requests_per_s=settings.steward_requests_per_s,
        within_s=within_s,
    )


async def _carried_out(settings: Settings, offer: Offer, names: Sequence[str]) -> list[Came]:
    from proxy.reading.layout import terminal
    from proxy.steward.offering.offered import carry_out

    def told(count: int) -> None:
        if count:
            terminal.say(f"under way: {terminal.count_text(count, 'deletion')}; looks take minutes")

    return await carry_out(settings.run_folder, offer, names, told)


def _said(one: Came) -> str:
    if one.is_reached:
        return str(one.disposal)
    return "not touched: it is of another client, whose key it waits for (wait_cred)"
