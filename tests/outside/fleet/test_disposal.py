"""Two proxies whose stewards have one credential: at Google one acts at a time, whoever is killed or stopped meanwhile.

The witness is the emulator's ledger. Leases are FLEET_HASTE times shorter than those of a release (1: as they are).
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from proxy.audit.retention.cascade import Reach
from proxy.fleet.turns import MARGIN_S
from proxy.reading.disposal import dispose
from proxy.steward.disposal.turn import LEASE_FILE, since_boot_ns
from tests.end_to_end.programs import look_until
from tests.end_to_end.stage import Emulator
from tests.outside.fleet.stage import KEY, Fleet, Member, fleet_in

HASTE: Final = float(os.environ.get("FLEET_HASTE", "10"))
EACH: Final = 4
"""Interactions that one wish after the other is about."""
PATIENCE: Final = max(1, round(10 / HASTE * 6))
"""Minutes that a turn may be away: leases as they are last three, and a turn gives way after three more."""

pytestmark = pytest.mark.filterwarnings("default:no network namespaces")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("stewards")
    key = folder / "api-key"
    key.write_text(KEY)
    key.chmod(0o600)
    with fleet_in(folder) as made, pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLEET_HASTE", str(HASTE))
        patch.setenv("PYTHONPATH", f"{Path(__file__).parent / 'hasty'}:{os.environ['PYTHONPATH']}")
        for name in ("one", "two"):
            made.join(
                name,
                steward__credential_file=key,
                steward__requests_per_s=50,
                retention__probes_per_hour=0,
            )
        yield made


@pytest.fixture(scope="module")
def emulator(fleet: Fleet) -> Emulator:
    return fleet.emulator


def deletions(emulator: Emulator) -> list[tuple[int, str, int]]:
    """When each came, of what, and how it was answered (0: not yet), in order."""
    status = {line["n"]: line["status"] for line in emulator.ledger()}
    return [
        (line["at_ns"], line["target"].rpartition("/")[2], status.get(line["n"], 0))
        for line in emulator.ledger("received")
        if line["method"] == "DELETE"
    ]


def wish(member: Member, names: list[str]) -> None:
    """That these be deleted at Google, on record."""
    for name in names:
        asked = dispose.Wish(name, Reach.NODE, "asked for", "ada")
        dispose.run(member.proxy.data, asked, time.time_ns(), is_dry=False)


def create(member: Member, count: int = EACH) -> list[str]:
    return [member.create(f"{number} of {member.name}") for number in range(count)]


def has_turn(member: Member) -> bool:
    """Whether its steward may act now."""
    try:
        told = json.loads((member.proxy.data / "run" / LEASE_FILE).read_text())
    except FileNotFoundError:
        return False
    return bool(since_boot_ns() < told["until_ns"])


def patiently(look: Callable[[], bool | None], what: str) -> None:
    """As long as turns last."""
    for _ in range(PATIENCE - 1):
        with contextlib.suppress(AssertionError):
            look_until(look, what)
            return
    look_until(look, what)


def await_gone(emulator: Emulator, names: list[str]) -> None:
    def are_gone() -> bool | None:
        gone = {name for _, name, status in deletions(emulator) if status == 200}
        return True if set(names) <= gone else None

    patiently(are_gone, f"the deletion of {names}")


def await_turn(member: Member) -> None:
    patiently(lambda: has_turn(member) or None, f"the turn of {member.name}")


def expect_one_at_a_time(emulator: Emulator, owners: dict[str, str]) -> None:
    """Each was deleted once, and between two stewards there was time for whatever the first still had under way."""
    found = deletions(emulator)
    done = [name for _, name, status in found if status == 200]
    assert sorted(done) == sorted(owners)
    acted = [(at_ns, owners[name]) for at_ns, name, _ in found]
    changes = [
        later - earlier
        for (earlier, first), (later, second) in itertools.pairwise(acted)
        if first != second
    ]
    assert len(changes) >= 2, "both had turns, and one of them twice"
    assert min(changes) / 1e9 >= 0.9 * MARGIN_S / HASTE


def test_one_steward_at_a_time_deletes_whoever_is_killed_or_stopped(
    fleet: Fleet, emulator: Emulator
) -> None:
    one, two = fleet.members
    look_until(lambda: has_turn(one) or has_turn(two) or None, "a first turn")
    first, second = (one, two) if has_turn(one) else (two, one)
    owners: dict[str, str] = {}

    def wanted(member: Member) -> list[str]:
        names = create(member)
        owners.update(dict.fromkeys(names, member.name))
        wish(member, names)
        return names

    of_first, of_second = wanted(first), wanted(second)
    look_until(lambda: deletions(emulator) or None, "a first deletion")
    for steward in first.proxy.stewards():
        os.kill(steward, signal.SIGKILL)  # in the middle of it; another one follows
    await_gone(emulator, of_first)
    await_gone(emulator, of_second)

    await_turn(second)
    stopped = [*second.proxy.stewards(), *second.shippers()]
    for process in stopped:  # past the end of its lease: as a machine that hangs
        os.kill(process, signal.SIGSTOP)
    try:
        later = wanted(second)
        await_gone(emulator, wanted(first))
        assert not set(later) & {name for _, name, _ in deletions(emulator)}
    finally:
        for process in stopped:
            os.kill(process, signal.SIGCONT)
    await_gone(emulator, later)
    look_until(partial(_has_steward, first), "the steward that followed")

    expect_one_at_a_time(emulator, owners)


def _has_steward(member: Member) -> bool | None:
    return bool(member.proxy.stewards()) or None
