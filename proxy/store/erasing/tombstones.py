"""What was erased, so that it stays erased: one line an event, beside the keys, never cut short.

It lies in data/keys because of restores: data may be put back from any backup, keys only as they are now. An
older vault knows nothing of later erasures; this file does. No content: ids of interactions and exchanges, and why.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import orjson

from proxy.errors import FormatError
from proxy.journal.disk import make_folder, sync_folder, write_all
from proxy.journal.format import ExchangeId
from proxy.recording.facts import Recording

FILE: Final = "erasures.log"
"""In data/keys."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure, from the moment on which nothing more may undo it."""

    id: str
    """32 hexadecimal digits: the act's."""
    at: int
    """Wall clock, nanoseconds."""
    interactions: tuple[str, ...]
    exchanges: tuple[str, ...]
    """Whose keys go. Before `is_settled`: those that were known when it was planned."""
    reason: str
    actor: str
    deferred: tuple[str, ...] = ()
    """Interactions that were to go and are held: they go when the last hold ends."""
    with_quoted: bool = False
    """Exchanges of others that repeat it were to go, too."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What was planned, for the act that tells of it."""
    spared: tuple[tuple[str, str], ...] = ()
    """Exchanges that would have gone, and the interaction for which, but hold something held; once it is settled."""
    reach: str = "node"
    """How far it was to go from what was named: the other proxies of a fleet take theirs as far."""
    is_settled: bool = False
    is_done: bool = False
    """The keys are gone."""


class Tombstones:
    """Open for writing by the recorder alone, from any of its threads: who erases, and who records."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._erasures: dict[str, Erasure] = {}
        self._unfinished: dict[str, None] = {}
        self._interactions: set[str] = set()
        self._unkept: list[str] = []
        self._unproven: dict[str, str] = {}
        self._condemned: frozenset[str] = frozenset()
        self._size = 0
        self._writing = threading.Lock()
        """Each line stands where the one before ends: two written at once would be one."""

    @classmethod
    def open(cls, keys_folder: Path) -> Tombstones:
        """Read what is there; a line whose writing was cut off is none.

        Raises:
            OSError: the disk refused.
            FormatError: a whole line is not what it should be: somebody changed it.
        """
        tombstones = cls(keys_folder / FILE)
        try:
            content = tombstones._path.read_bytes()
        except FileNotFoundError:
            return tombstones
        whole = content[: content.rfind(b"\n") + 1]
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                tombstones._take(orjson.loads(line))
            except (
                orjson.JSONDecodeError,
                KeyError,
                TypeError,
                ValueError,
                AttributeError,
            ) as error:
                place = f"line {number} of {tombstones._path}"
                raise FormatError(
                    f"{place} is damaged: put the file back from the newest backup of keys"
                ) from error
        tombstones._size = len(whole)
        return tombstones

    def covers(self, recording: Recording) -> bool:
        """Whether this exchange tells of an erased interaction: its content MUST NOT be kept."""
        erased = self._interactions
        if not erased:
            return False
        if recording.exchange.interaction in erased:
            return True
        return any(row.interaction in erased for row in recording.observations)

    def is_erased(self, interaction: str) -> bool:
        return interaction in self._interactions

    @property
    def unkept(self) -> tuple[str, ...]:
        """Exchanges whose content was not kept, and whose keys may still be there: a recorder died."""
        return tuple(self._unkept)

    @property
    def unproven(self) -> dict[str, str]:
        """Exchanges whose keys were to go and were not there to be destroyed, with the erasure; empty: not kept."""
        return dict(self._unproven)

    def is_condemned(self, exchange: ExchangeId) -> bool:
        """Whether its key is to be destroyed and may still be there: its content MUST NOT be shown. From any thread."""
        return bool(self._condemned) and str(exchange) in self._condemned

    def erasures(self) -> tuple[Erasure, ...]:
        """All that began, in order."""
        return tuple(self._erasures.values())

    def unfinished(self) -> tuple[Erasure, ...]:
        """Those whose keys may still be there, in order."""
        return tuple(self._erasures[id_] for id_ in self._unfinished)

    def begin(self, erasure: Erasure) -> None:
        """From now on it holds, whatever happens to this process. Durable when this returns."""
        told = {"begin": erasure.id, "at": erasure.at, "reason": erasure.reason}
        told |= {"interactions": erasure.interactions, "exchanges": erasure.exchanges}
        told |= {"actor": erasure.actor, "deferred": erasure.deferred}
        told |= {"quoted": erasure.with_quoted, "reach": erasure.reach}
        self._write(told | {"counts": dict(erasure.counts)})

    def settle(
        self, erasure: str, exchanges: Iterable[str], spared: Iterable[tuple[str, str]] = ()
    ) -> Erasure:
        """These are all exchanges whose keys have to go, and those that would have gone."""
        told = {"settle": erasure, "exchanges": list(exchanges), "spared": list(spared)}
        self._write(told)
        return self._erasures[erasure]

    def end(self, erasure: str, unproven: Iterable[ExchangeId] = ()) -> None:
        """Their keys are gone, but for those whose slots are not here."""
        self._write({"end": erasure} | _left(unproven))

    def prove(self, exchanges: Iterable[ExchangeId]) -> None:
        """Their slots came back, and are destroyed."""
        self._write({"proven": [str(id_) for id_ in exchanges]})

    def note_unkept(self, exchanges: Iterable[ExchangeId], created: Iterable[str] = ()) -> None:
        """The keys of these are about to be destroyed. Nothing is kept of the interactions `created` by them."""
        told: dict[str, Any] = {"unkept": [str(id_) for id_ in exchanges]}
        if names := list(created):
            told["created"] = names
        self._write(told)

    def unkept_are_gone(self, unproven: Iterable[ExchangeId] = ()) -> None:
        """But for those whose slots are not here."""
        self._write({"gone": True} | _left(unproven))

    def _write(self, told: dict[str, Any]) -> None:
        line = orjson.dumps(told) + b"\n"
        with self._writing:
            self._append(line)
            self._take(orjson.loads(line))

    def _append(self, line: bytes) -> None:
        is_new = self._size == 0
        if is_new:
            make_folder(self._path.parent)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, self._size)  # what was cut off
            write_all(descriptor, [line], self._size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(self._path.parent)
        self._size += len(line)

    def _take(self, told: dict[str, Any]) -> None:
        self._note(told)
        waiting = (name for each in self.unfinished() for name in each.exchanges)
        self._condemned = frozenset([*waiting, *self._unproven])

    def _note(self, told: dict[str, Any]) -> None:
        match told:
            case {"begin": id_}:
                self._erasures[id_] = Erasure(
                    id_,
                    told["at"],
                    tuple(told["interactions"]),
                    tuple(told["exchanges"]),
                    told["reason"],
                    told["actor"],
                    tuple(told.get("deferred", ())),
                    told.get("quoted", False),
                    told.get("counts", {}),
                    reach=told.get("reach", "node"),
                )
                self._unfinished[id_] = None
                self._interactions.update(told["interactions"])
            case {"settle": id_, "exchanges": exchanges}:
                spared = tuple((exchange, about) for exchange, about in told.get("spared", ()))
                self._erasures[id_] = replace(
                    self._erasures[id_],
                    exchanges=tuple(exchanges),
                    spared=spared,
                    is_settled=True,
                )
            case {"end": id_}:
                self._erasures[id_] = replace(self._erasures[id_], is_done=True)
                self._unfinished.pop(id_, None)
                self._unproven |= dict.fromkeys(told.get("unproven", ()), id_)
            case {"unkept": exchanges}:
                self._unkept += exchanges
                self._interactions.update(told.get("created", ()))
            case {"gone": True}:
                self._unkept = []
                self._unproven |= dict.fromkeys(told.get("unproven", ()), "")
            case {"proven": exchanges}:
                for name in exchanges:
                    self._unproven.pop(name, None)
            case _:
                raise KeyError


def _left(unproven: Iterable[ExchangeId]) -> dict[str, list[str]]:
    names = [str(id_) for id_ in unproven]
    return {"unproven": names} if names else {}
