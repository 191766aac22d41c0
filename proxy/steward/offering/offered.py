"""Deletions at Google that somebody asked for, with a credential that was offered for them alone.

The same desk as the steward's, for the copies that were named and those behind them: intents before DELETEs, looks with
a control between them, receipts. It ends when each is final, or waits for what time alone does not bring.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy.audit.retention.decide import Move, Next, Stage
from proxy.audit.retention.states import FINAL, Disposal
from proxy.errors import ProxyError
from proxy.journal.keys import FingerprintKey
from proxy.steward.asking import Neighbours, NotAnswered, Recorder
from proxy.steward.capture import CLOCKS, Clocks
from proxy.steward.credential import Credential, made
from proxy.steward.disposal.desk import ROUND_S, Disposals
from proxy.steward.disposal.ledger import Case, Ledger, Project, is_in_care
from proxy.steward.disposal.reaching import Reach
from proxy.steward.disposal.signing import Signer
from proxy.steward.offering.claim import Claim
from proxy.steward.schedule import Allowance

WAITING: Final = frozenset(
    {
        *(Stage.HELD, Stage.WAIT_RUN, Stage.WAIT_CLOCK, Stage.WAIT_BRANCH, Stage.WAIT_DUE),
        *(Stage.EXHAUSTED, Stage.PERSON, Stage.DONE),
    }
)
"""Nothing comes of looking again soon."""

_LOG: Final = logging.getLogger("steward")


class ScopeTaken(ProxyError):
    """The steward, or somebody else with an offered credential, cares for this client's copies."""


class NotReached(ProxyError):
    """Nothing answers on this data folder, or it takes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A credential, and what it may be used for."""

    credential: Credential
    project: Project
    """What Google keeps; its policies are not looked at."""
    signer: Signer
    requests_per_s: float
    within_s: float
    """Longest that it is worked at."""


@dataclass(frozen=True, slots=True)
class Came:
    """What came of one copy."""

    interaction: str
    is_reached: bool
    """By this credential: others' copies are left alone, for a foreign key is told of a living copy that it is not there."""
    disposal: Disposal | None
    """None: nothing is on record of it."""

    @property
    def is_final(self) -> bool:
        return self.disposal in FINAL


class NamedAlone(Ledger):
    """Reads the copies that somebody named, and those that had to join them."""

    def __init__(
        self, recorder: Recorder, scope: frozenset[str], project: Project, names: Sequence[str]
    ) -> None:
        super().__init__(recorder, scope, project)
        self._names = dict.fromkeys(names)

    async def read(self, names: Sequence[str], boot: str) -> list[Case]:
        """These; what the desk reads because it came behind one of them belongs to them from now on. Raises NotAnswered."""
        self._names |= dict.fromkeys(names)
        return await super().read(names, boot)

    async def cases(
        self,
        now_ns: int,
        boot: str,
        under_way: Sequence[str] = (),  # noqa: ARG002 - they are among the names
    ) -> dict[str, Case]:
        """All of them that are in care and in reach. Raises NotAnswered."""
        found = await self.read(list(self._names), boot)
        mine = [case for case in found if case.row.client in self.scope]
        return {case.row.interaction: case for case in mine if is_in_care(case, now_ns)}

    async def tell_rules(self) -> None:
        """Nothing: what the policies are is the steward's word."""


async def carry_out(
    run_folder: Path,
    offer: Offer,
    names: Sequence[str],
    told: Callable[[int], None],
    clocks: Clocks = CLOCKS,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> list[Came]:
    """Have these copies deleted, and say what came of each.

    Args:
        run_folder: of a proxy that serves.
        offer: the credential.
        names: interactions that are on record as wanted gone.
        told: called with how many are under way, at each change.
        clocks: wall and monotonic.
        pause: between two rounds, seconds.

    Raises:
        NotReached: the proxy went away; what was sent is on record.
    """
    async with Neighbours(run_folder) as neighbours:
        recorder, credential = neighbours.recorder, offer.credential
        pace = (Allowance(offer.requests_per_s, clocks.mono_s()), clocks.mono_s)
        reach = Reach(recorder, neighbours.gateway, neighbours.verifier, credential, pace)
        ledger = NamedAlone(recorder, credential.scope, offer.project, names)
        desk = Disposals(recorder, reach, ledger, offer.signer, clocks)
        try:
            async with asyncio.timeout(offer.within_s):
                await _until_settled(desk, told, pause)
        except TimeoutError:
            _LOG.warning(
                "not finished within %.0f s: what is under way is on record", offer.within_s
            )
        try:
            await recorder.flush()
            cases = await ledger.read(names, "")
        except NotAnswered as error:
            raise NotReached(f"{error}: what was sent is on record; ask again") from error
    found = {case.row.interaction: case for case in cases}
    return [_came(name, found.get(name), credential) for name in names]


def credential_of(data_folder: Path, secret: bytes, project: str) -> Credential:
    """What was offered, and whose copies it reaches.

    Args:
        data_folder: whose fingerprints these are.
        secret: an API key, or `Bearer` and a token.
        project: fingerprints that were said to belong to one project, with commas: their keys reach each other's copies.

    Raises:
        StartRefused: it is no credential.
    """
    key = FingerprintKey.load_or_create(data_folder / "keys" / "fingerprint.key")
    alone = made(secret.strip(), key, "")
    is_of_project = alone.scope <= frozenset(project.split(","))
    return made(secret.strip(), key, project) if is_of_project else alone


def claimed(run_folder: Path, credential: Credential) -> Claim:
    """Sole care for the copies of this credential's clients, until it is closed.

    Raises:
        ScopeTaken: somebody has it.
        NotReached: the run folder does not take the file that would say so.
    """
    claim = Claim(run_folder, credential.scope)
    try:
        is_taken = claim.take()
    except OSError as error:
        raise NotReached(
            f"cannot say in {run_folder} whose copies are cared for: {error}"
        ) from error
    if not is_taken:
        raise ScopeTaken(
            "the steward has a credential of this client already, or another `dispose` is at work "
            "for it: leave --key-from-stdin out, the wish is carried out without it"
        )
    return claim


async def _until_settled(
    desk: Disposals, told: Callable[[int], None], pause: Callable[[float], Awaitable[None]]
) -> None:
    count = -1
    while True:
        if await desk.take_turn():
            nexts = desk.nexts()
            if len(nexts) != count:
                told(count := len(nexts))
            if all(_waits(case, after_this) for case, after_this in nexts):
                return
        await pause(ROUND_S)


def _waits(case: Case, after_this: Next) -> bool:
    """Whether time alone does not bring it on, or not today."""
    if case.copy.disposal in FINAL:
        return True
    is_idle = after_this.move is Move.NOTHING
    is_later = case.copy.disposal is Disposal.UNSUPPORTED or after_this.stage in WAITING
    return is_idle and is_later


def _came(name: str, case: Case | None, credential: Credential) -> Came:
    if case is None:
        return Came(name, is_reached=False, disposal=None)
    return Came(name, case.row.client in credential.scope, case.copy.disposal)
