"""Keys, slots and tombstones through lives drawn by chance: what was erased stays erased, and is proven or said not to be.

I15: a destroyed key opens nothing, and only what was overwritten is called destroyed. I16: a tombstone outlives whatever
can bring an exchange again: its journal, a late stream, an older vault. Mutants show that a breach is found.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from proxy.errors import KeyDestroyed
from proxy.journal.format import ExchangeId
from proxy.journal.slots import Keystore, SlotFile, slots_path
from proxy.store.erasing.tombstones import Erasure, Tombstones
from tests.journal.written import BOOT, MASTER, WORKER
from tests.store.samples import recording

STEPS: Final = 30
LIVES: Final = 4
EXCHANGES: Final = 12


class Killed(Exception):
    """The recorder died here."""


class Life:
    """One data folder: a gateway with its slots, and recorders one after the other."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.chance = Random(seed)
        self.slots = SlotFile.create(folder / "slots", MASTER, WORKER, BOOT)
        self.slots.ensure(EXCHANGES)
        self.file = slots_path(folder / "slots", WORKER, BOOT)
        self.erased: set[int] = set()
        """By the number of their exchange; the interaction has the same."""
        self.recorder()

    def recorder(self) -> None:
        """A new one: it reads what there is, and finishes what was begun."""
        self.keystore = Keystore(self.folder / "slots", MASTER)
        self.tombstones = Tombstones.open(self.folder)
        for erasure in self.tombstones.unfinished():
            self.finish(erasure.id, list(erasure.exchanges))

    def erase(self, number: int, dies_after: int) -> None:
        """As the recorder does; dies after so many of the four steps."""
        id_ = ExchangeId(WORKER, BOOT, number)
        name = f"{len(self.tombstones.erasures()):032x}"
        self.tombstones.begin(Erasure(name, 1, (f"v1_{number}",), (str(id_),), "asked", "ann"))
        self.erased.add(number)
        self.finish(name, [str(id_)], dies_after - 1)

    def finish(self, name: str, exchanges: list[str], steps_left: int = 9) -> None:
        for step in (self.settles, self.destroys, self.ends):
            if steps_left <= 0:
                raise Killed
            step(name, exchanges)
            steps_left -= 1

    def settles(self, name: str, exchanges: list[str]) -> None:
        self.tombstones.settle(name, exchanges)

    def destroys(self, _name: str, exchanges: list[str]) -> None:
        self.missing = self.keystore.destroy(map(ExchangeId.parse, exchanges))

    def ends(self, name: str, _exchanges: list[str]) -> None:
        self.tombstones.end(name, self.missing)

    def proves(self) -> None:
        """What came back is destroyed, as each minute."""
        waiting = [ExchangeId.parse(name) for name in self.tombstones.unproven]
        missing = set(self.keystore.destroy(waiting))
        if found := [id_ for id_ in waiting if id_ not in missing]:
            self.tombstones.prove(found)

    def step(self) -> None:
        match self.chance.randrange(6):
            case 0 | 1:
                self.erase(
                    self.chance.randint(1, EXCHANGES), self.chance.choice([1, 2, 3, 4, 9, 9])
                )
            case 2:
                self.file.unlink(missing_ok=True)
            case 3:
                self.slots.verify()
            case _:
                self.proves()

    def judge(self) -> None:
        unproven = self.tombstones.unproven
        begun = {each.interactions[0]: each for each in self.tombstones.erasures()}
        for number in self.erased:
            id_ = ExchangeId(WORKER, BOOT, number)
            erasure = begun[f"v1_{number}"]
            assert self.tombstones.covers(recording(number, interaction=f"v1_{number}")), (
                "brought again, it would be kept"
            )
            if erasure.is_done and str(id_) not in unproven:
                with pytest.raises(KeyDestroyed):
                    Keystore(self.folder / "slots", MASTER).key(id_)
            else:
                assert self.tombstones.is_condemned(id_), "it would be shown"

    def live(self) -> None:
        for _ in range(STEPS):
            try:
                self.step()
            except Killed:
                self.recorder()
            self.judge()
        self.slots.verify()
        self.proves()
        assert not self.tombstones.unproven
        self.judge()
        self.slots.close()


def lives(folder: Path) -> None:
    for seed in range(LIVES):
        Life(folder / str(seed), seed).live()


@pytest.mark.filterwarnings("ignore")
def test_what_was_erased_stays_erased(tmp_path: Path) -> None:
    lives(tmp_path)


def missing_is_gone(patch: pytest.MonkeyPatch) -> None:
    """I15: no file, no key, it was believed."""
    destroy = Keystore.destroy
    patch.setattr(Keystore, "destroy", lambda self, ids: (destroy(self, ids), ())[1])


def destroys_nothing(patch: pytest.MonkeyPatch) -> None:
    """I15."""
    patch.setattr(Keystore, "destroy", lambda _self, ids: (list(ids), ())[1])


def forgets_at_the_end(patch: pytest.MonkeyPatch) -> None:
    """I16: what is done is not remembered."""
    note = Tombstones._note

    def noted(self: Tombstones, told: dict[str, Any]) -> None:
        note(self, told)
        if "end" in told:
            self._interactions.clear()

    patch.setattr(Tombstones, "_note", noted)


def shows_until_the_end(patch: pytest.MonkeyPatch) -> None:
    """I15: between mark and destruction anybody may look."""
    patch.setattr(Tombstones, "is_condemned", lambda *_: False)


MUTANTS: Final[tuple[Callable[[pytest.MonkeyPatch], None], ...]] = (
    missing_is_gone,
    destroys_nothing,
    forgets_at_the_end,
    shows_until_the_end,
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_who_breaks_that_is_found(
    mutant: Callable[[pytest.MonkeyPatch], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant(monkeypatch)

    with pytest.raises((AssertionError, pytest.fail.Exception)):
        lives(tmp_path)
