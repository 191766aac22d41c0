"""What policies keep from being erased, whoever asks: keepings of the file, and locks, which outlive it.

Read again before each plan. A lock is on record before anything is decided by it; the eraser's turn is held meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import orjson

from proxy.audit.erasure.plan import Hold
from proxy.audit.ledger.locks import Lock, kept, locks_now, told_changes, told_locks
from proxy.audit.ledger.policies import POLICIES_BYTES_MAX, policies_from, policies_text
from proxy.audit.retention.policy import Policy, Subject, indexed, tools_of
from proxy.errors import ConfigError
from proxy.recorder.keeping.trusting import US, Questions, Trusting, on_record
from proxy.recording.secrecy.equality import Equality
from proxy.recording.secrecy.labels import label_mac

BY_POLICY: Final = "policy "
"""Before its name, where a plan says what keeps something: the ids of holds have no space."""
LOCK: Final = "a keeping that nobody may shorten: it stands, or takes in nothing that begins later"
"""Said of the act that tells one."""
_Row = TypeVar("_Row")

_LOG: Final = logging.getLogger("proxy.recorder")


class Ask(Protocol):
    """Rows of a named statement, each as one of `make`."""

    def __call__(
        self, name: str, make: Callable[..., _Row], /, **parameters: object
    ) -> list[_Row]: ...


@dataclass(frozen=True, slots=True)
class _About:
    interaction: str
    client: str | None
    label: str | None
    model: str | None
    agent: str | None
    tools: str | None
    began_us: int
    seen_us: int

    @property
    def subject(self) -> Subject:
        return Subject(
            client=self.client,
            labels=frozenset((self.label or "").split(",")) - {""},
            models=frozenset(name for name in (self.model, self.agent) if name),
            tools=tools_of((self.tools or "").split(",")),
        )


@dataclass(slots=True)
class Kept:
    """What keeps something at one instant; asked by one plan. Mutable: it notes what was bypassed."""

    policies: Sequence[Policy]
    locks: dict[str, Lock]
    now_ns: int
    is_bypassed: bool = False
    is_decided: bool = False
    """The erasure was begun before: keepings of its own conversations came too late."""
    bypassed: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.policies or self.locks)

    def holds(self, ask: Ask, interactions: Iterable[str]) -> list[Hold]:
        """Those that are kept now, each with the policy that keeps it longest."""
        names = set(interactions)
        if not (self and names):
            return []
        found = []
        for about in ask("keeping_subjects", _About, names="\n".join(sorted(names))):
            if about.interaction not in names:
                continue
            if (policy := self._by(about, is_bypassed=self.is_bypassed)) is not None:
                found.append(Hold(f"{BY_POLICY}{policy}", about.interaction, False))  # noqa: FBT003  # not its conversation
            elif self.is_bypassed and self._by(about, is_bypassed=False) is not None:
                self.bypassed.add(about.interaction)
        return found

    def _by(self, about: _About, *, is_bypassed: bool) -> str | None:
        times = (about.began_us * US, about.seen_us * US)
        duty = kept(self.policies, self.locks, about.subject, times, is_bypassed=is_bypassed)
        return duty.policy if duty is not None and duty.at > self.now_ns else None


class Keepings:
    """Whoever has the eraser's turn asks."""

    def __init__(
        self,
        file: Path | None,
        index: Equality,
        now_ns: Callable[[], int],
        mono_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.has_file = file is not None
        self.mono_ns = mono_ns
        self.trusting = Trusting(now_ns, mono_ns)
        self._file = file
        self._index = index
        self._now_ns = now_ns
        self._text: str | None = None
        self._policies: tuple[Policy, ...] = ()
        self._locks: dict[str, Lock] | None = None

    async def now(
        self, ask: Questions, tell: Callable[[list[dict[str, Any]]], Awaitable[None]]
    ) -> Kept:
        """What keeps something, by the file as it is and all locks; new locks are durable when this returns.

        A file that cannot be read changes nothing: what it said last is kept to.

        Raises:
            StoreError: the tables cannot answer, or the disk refuses.
        """
        await asyncio.to_thread(self._read)
        if self._locks is None:
            rows = await ask.rows("locks_told", str)
            self._locks = told_locks(orjson.loads(data) for data in rows)
        if locks_now(self._locks, self._policies, self._now_ns()) != self._locks:
            # None ends before what is on record began: the clock may have been put back.
            latest_ns = (await on_record(ask, self._now_ns())).latest_us * US
            ends_ns = max(self._now_ns(), latest_ns)
            found = locks_now(self._locks, self._policies, ends_ns)
            await tell(told_changes(self._locks, found))
            self._locks = found
        return Kept(self._policies, self._locks, self._now_ns())

    def _read(self) -> None:
        if self._file is None:
            return
        try:
            with self._file.open("rb") as opened:
                text = policies_text(opened.read(POLICIES_BYTES_MAX + 1), self._file.name)
            if text == self._text:
                return
            found = policies_from(text, self._file.name)
        except (OSError, ConfigError) as error:
            _LOG.error("retention.policies_file: what it keeps stays as it was: %s", error)
            return
        self._text = text
        keeping = [each for each in found if each.keep_local_s is not None]
        self._policies = indexed(keeping, lambda label: label_mac(self._index, label))
