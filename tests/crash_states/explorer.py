"""Walks through a trace and looks at what a power loss at many of its moments would have left."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from tests.crash_states import recovered, tables
from tests.crash_states.account import Account
from tests.crash_states.disk import Choice, Disk, Mark, some_choice
from tests.crash_states.shim import Trace

AGAIN_EACH: Final = 10
"""Of so many images one is recovered twice: the second start finds everything done."""
TABLES_EACH: Final = 12
"""Of so many images of a run with tables one is followed into them: that costs ten others."""


@dataclass(slots=True)
class Coverage:
    """What was looked at."""

    images: int = 0
    distinct: set[bytes] = field(default_factory=set)
    moments: set[tuple[str, int]] = field(default_factory=set)
    operations: Counter[str] = field(default_factory=Counter)
    """Kinds of calls in the traces."""
    moods: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    """Entries, summed over the images."""
    exchanges: int = 0
    with_damage: int = 0
    """Images that the recorder called damaged."""
    followed: int = 0

    def told(self) -> str:
        return (
            f"{self.images} images, {len(self.distinct)} distinct, of {len(self.moments)} moments;"
            f" {self.exchanges} exchanges recovered, {self.acknowledged} entries acknowledged;"
            f" {self.with_damage} looked damaged, {self.followed} followed into tables;"
            f" operations {dict(self.operations)}; fates {dict(self.moods)}"
        )


@dataclass(slots=True)
class Explorer:
    """`explore` returns what was wrong; every sentence names the image, which follows from that name."""

    folder: Path
    """Images are laid out here, one after the other."""
    coverage: Coverage = field(default_factory=Coverage)

    def explore(
        self, name: str, trace: Trace, image_count: int, tables_folder: Path | None = None
    ) -> list[str]:
        """Look at so many images of a trace; stops at the first that is wrong."""
        random = Random(name)
        self.coverage.operations.update(type(event).__name__ for event in trace.events)
        moments = Counter(random.randrange(len(trace.events)) + 1 for _ in range(image_count))
        disk, account = Disk(), Account()
        for moment, event in enumerate(trace.events, 1):
            disk.apply(event)
            if isinstance(event, Mark):
                account.take(event)
            for number in range(moments[moment]):
                image = f"{name} event {moment} image {number}"
                wrong = self._look(image, disk, account, tables_folder)
                if wrong:
                    return [f"{image}: {sentence}" for sentence in wrong]
            if moments[moment]:
                self.coverage.moments.add((name, moment))
        return []

    def _look(
        self, name: str, disk: Disk, account: Account, tables_folder: Path | None
    ) -> list[str]:
        choice = some_choice(name)
        target = self.folder / "image"
        recovered.remove(target)
        image = disk.image(choice)
        self._count(image, choice, account)
        recovered.lay_out(image, target)
        found, wrong = recovered.attempt(target)
        if found is None:
            return wrong
        self.coverage.exchanges += len(found.exchanges)
        self.coverage.with_damage += bool(found.damage)
        wrong = account.wrong(found.exchanges, found.notes)
        if found.count != len(found.exchanges):
            wrong.append(
                f"the vault counts {found.count} exchanges, and has {len(found.exchanges)}"
            )
        if not wrong and self.coverage.images % AGAIN_EACH == 0:
            again, wrong = recovered.attempt(target)
            if again is not None and again.exchanges != found.exchanges:
                wrong.append("a second start finds something else")
        if not wrong and tables_folder is not None and self.coverage.images % TABLES_EACH == 0:
            self.coverage.followed += 1
            tables.lay_out(tables_folder, account.tables_count, target, Random(name))
            rows = recovered.rows(target)
            if sorted(rows) != sorted(one.exchange for one in found.exchanges):
                wrong.append("the tables do not hold what the vault does")
        return wrong

    def _count(self, image: dict[str, bytes | None], choice: Choice, account: Account) -> None:
        digest = hashlib.blake2b(digest_size=8)
        for path, content in image.items():
            digest.update(path.encode() + b"\0" + (content or b"") + b"\0")
        self.coverage.images += 1
        self.coverage.distinct.add(digest.digest())
        self.coverage.moods[choice.files.name.lower()] += 1
        self.coverage.acknowledged += account.acknowledged_count()
