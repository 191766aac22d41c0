"""One steward put together: who asks, who is told, and what it does with a credential or a listener."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from proxy.errors import StartRefused
from proxy.steward.asking import Neighbours, NotAnswered
from proxy.steward.capture import CLOCKS, Capture, Clocks, no_care
from proxy.steward.credential import Credential
from proxy.steward.disposal.desk import ROUND_S, Disposals
from proxy.steward.disposal.ledger import Ledger, Project
from proxy.steward.disposal.reaching import Reach
from proxy.steward.disposal.signing import Signer
from proxy.steward.disposal.turn import always, turn_in
from proxy.steward.offering.claim import Claim
from proxy.steward.schedule import Allowance
from proxy.steward.webhooks.keys import PublishedKeys
from proxy.steward.webhooks.listener import Webhooks
from proxy.steward.webhooks.signature import secrets_of

FAREWELL_S: Final = 2.0
"""To tell the records that nobody cares any more; below what the supervisor waits before it kills."""
_LOG: Final = logging.getLogger("steward")


@dataclass(frozen=True, slots=True, kw_only=True)
class StewardSettings:
    """What a steward needs to know."""

    run_folder: Path
    credential: Credential | None
    """None: webhooks are kept, and nobody acts on them."""
    requests_per_s: float
    listener: socket.socket | None = None
    """Of webhooks."""
    secrets: tuple[bytes, ...] = ()
    audience: str = ""
    project: Project = field(default_factory=Project)
    signer: Signer | None = None
    """None: nothing is disposed of."""
    has_fleet: bool = False
    """Other proxies' stewards may have the same scope: one acts at a time."""


async def serve(
    settings: StewardSettings,
    stop: asyncio.Event,
    announce: Callable[[], None],
    clocks: Clocks = CLOCKS,
) -> None:
    """Care until `stop`."""
    async with Neighbours(settings.run_folder) as neighbours:
        recorder, gateway = neighbours.recorder, neighbours.gateway
        capture = None
        allowance = Allowance(settings.requests_per_s, clocks.mono_s())
        if settings.credential is not None:
            capture = Capture(recorder, gateway, settings.credential, clocks, allowance)
        webhooks = Webhooks(
            recorder,
            PublishedKeys(gateway, clocks.mono_s),
            secrets=settings.secrets,
            audience=settings.audience,
            now_s=lambda: clocks.wall_us() / 1e6,
            notified=capture.hurry if capture is not None else lambda: None,
        )
        async with asyncio.TaskGroup() as group:
            tasks = []
            if capture is not None:
                tasks.append(group.create_task(capture.run(), name="capture"))
            if settings.listener is not None:
                tasks.append(group.create_task(webhooks.run(settings.listener), name="webhooks"))
            if (disposals := _disposals(settings, neighbours, clocks, allowance)) is not None:
                alone = _alone(disposals, settings)
                tasks.append(group.create_task(alone, name="disposals"))
            announce()
            await stop.wait()
            for task in tasks:
                task.cancel()
        try:
            async with asyncio.timeout(FAREWELL_S):
                await webhooks.tell_refused()
                if capture is not None:
                    await recorder.tell([no_care()])
        except (NotAnswered, TimeoutError) as error:
            _LOG.warning("not told that the steward ends: %s", error)


async def _alone(disposals: Disposals, settings: StewardSettings) -> None:
    """Once nobody else cares for these clients: `dispose --key-from-stdin` may be at work for one of them."""
    assert settings.credential is not None
    with closing(Claim(settings.run_folder, settings.credential.scope)) as claim:
        told = ""
        while True:
            hindrance = _hindrance(claim)
            if not hindrance:
                await disposals.run()
            if hindrance != told:
                _LOG.warning("nothing is deleted at Google yet: %s", hindrance)
                told = hindrance
            await asyncio.sleep(ROUND_S)


def _hindrance(claim: Claim) -> str:
    """Why nobody may be cared for now; empty: they may."""
    try:
        return "" if claim.take() else "`dispose --key-from-stdin` is at work for a client of ours"
    except OSError as error:
        return f"cannot say whose copies are cared for here: {error}"


def _disposals(
    settings: StewardSettings, neighbours: Neighbours, clocks: Clocks, allowance: Allowance
) -> Disposals | None:
    if settings.credential is None or settings.signer is None:
        return None
    recorder, credential = neighbours.recorder, settings.credential
    pace = (allowance, clocks.mono_s)
    is_our_turn = always
    if settings.has_fleet:
        is_our_turn = turn_in(settings.run_folder, credential.scope)
    gateway, verifier = neighbours.gateway, neighbours.verifier
    reach = Reach(recorder, gateway, verifier, credential, pace, is_our_turn)
    ledger = Ledger(recorder, credential.scope, settings.project)
    return Disposals(recorder, reach, ledger, settings.signer, clocks)


def read_secrets(file: Path | None) -> tuple[bytes, ...]:
    """The signing secrets of `webhook.secret_file`.

    Raises:
        StartRefused: the file cannot be read, or a line of it is no secret.
    """
    if file is None:
        return ()
    try:
        return secrets_of(file.read_text("ascii"))
    except OSError as error:
        raise StartRefused(f"cannot read webhook.secret_file {file}: {error.strerror}") from error
    except ValueError as error:
        raise StartRefused(f"webhook.secret_file {file}: {error}") from error
