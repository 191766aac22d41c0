"""A backup taken under load, put back on an empty machine: all there, erased stays erased, signed as before."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.load import Load
from tests.end_to_end.programs import look_until, run_verb
from tests.end_to_end.stage import Proxy, Row, Stage

BEFORE = "SELECT exchange, outcome, status FROM exchanges WHERE exchange IN ({}) ORDER BY exchange"
CONTENT = "SELECT interaction, content(content_ref) FROM timeline WHERE interaction IN ('{}', '{}')"
READS = 120
"""Pieces of answers that the clients read before the backup, while it is taken, and after it."""


@dataclass
class Machine:
    """What there was, and what there is on the new machine."""

    told: dict[str, Any]
    """What `backup` said."""
    acknowledged: list[Row]
    """Exchanges that had ended before the backup began."""
    erased: str
    kept: str
    restored: Proxy
    held: Path
    """A checkpoint from before the backup."""


def backup(proxy: Proxy, target: Path) -> dict[str, Any]:
    done = run_verb("backup", "--data", str(proxy.data), "--to", str(target), "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


async def backup_under_load(stage: Stage, target: Path) -> tuple[dict[str, Any], list[Row]]:
    load = Load(stage.proxy.address, clients=8, seed=1)
    async with asyncio.TaskGroup() as group:
        group.create_task(load.run())
        await load.progress(READS)
        acknowledged = await asyncio.to_thread(
            stage.proxy.rows, "SELECT exchange, outcome, status FROM exchanges ORDER BY exchange"
        )
        told = await asyncio.to_thread(backup, stage.proxy, target)
        await load.progress(READS)
        load.stop()
    return told, acknowledged


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("backup")
    stage = Stage.set_up(folder)
    try:
        target = folder / "elsewhere" / "backup"
        told, acknowledged = asyncio.run(backup_under_load(stage, target))
        held = Path(shutil.copy(target / "data" / "trail" / "checkpoint", folder / "held"))
        erased, kept = erased_and_kept(stage.proxy, acknowledged)
        new = restored(stage.proxy, target, folder)
        stage.proxy = Proxy(folder / "new", stage.emulator.url)
        stage.proxy.flush()
        assert stage.proxy.data == new
        yield Machine(told, acknowledged, erased, kept, stage.proxy, held)
    finally:
        print(stage.logs())
        stage.stop()


def erased_and_kept(proxy: Proxy, acknowledged: list[Row]) -> tuple[str, str]:
    """Two interactions that the backup has; the first is erased after it."""
    names = ", ".join(repr(row[0]) for row in acknowledged)
    (erased,), (kept,) = proxy.rows(
        "SELECT DISTINCT interaction FROM timeline SEMI JOIN"
        f" (SELECT exchange FROM exchanges WHERE exchange IN ({names})) USING (exchange)"
        " WHERE side = 'output' AND interaction LIKE 'v1%' ORDER BY 1 LIMIT 2"
    )
    done = run_verb("erase", erased, "--data", str(proxy.data), "--reason", "asked", "--yes")
    assert done.returncode == 0, done.stderr
    return erased, kept


def restored(proxy: Proxy, target: Path, folder: Path) -> Path:
    """The folder on the new machine; nothing of the old one is left."""
    key = Path(shutil.copy(proxy.data / "keys" / "master.key", folder / "master.key"))
    log = Path(shutil.copy(proxy.data / "keys" / "erasures.log", folder / "erasures.log"))
    proxy.stop()
    shutil.rmtree(proxy.data)
    new = folder / "new" / "data"
    new.parent.mkdir()
    where = ("--from", str(target), "--data", str(new), "--master-key", str(key))
    done = run_verb("restore", *where, "--erasures", str(log))
    assert done.returncode == 0, done.stderr
    return new


def test_every_acknowledged_exchange_is_there_as_it_was(machine: Machine) -> None:
    names = ", ".join(repr(row[0]) for row in machine.acknowledged)

    assert machine.told["is_whole"]
    assert machine.told["exchange_count"] >= len(machine.acknowledged) > 10
    assert machine.restored.rows(BEFORE.format(names)) == machine.acknowledged


def test_content_opens_but_for_what_was_erased_after_the_backup(machine: Machine) -> None:
    found = run_verb(
        *("sql", "--data", str(machine.restored.data), "--json"),
        CONTENT.format(machine.erased, machine.kept),
    )
    said: dict[str, list[str | None]] = {machine.erased: [], machine.kept: []}
    for line in found.stdout.splitlines():
        row = json.loads(line)
        said[row["interaction"]].append(
            next(value for name, value in row.items() if name != "interaction")
        )

    assert said[machine.kept]
    assert all(said[machine.kept])
    assert not any(said[machine.erased])


def test_the_trail_goes_on_from_the_checkpoint_that_somebody_holds(machine: Machine) -> None:
    where = ("--data", str(machine.restored.data), "--since", str(machine.held), "--json")

    def verified() -> dict[str, Any] | None:
        """Once the trail was made again from the vault, which a start does not wait for."""
        done = run_verb("verify", *where)
        told: dict[str, Any] = json.loads(done.stdout)
        assert (told["faults"], done.returncode) == (0, 0), told
        return told["counts"] if "shredded" in told["counts"] else None

    assert look_until(verified, "the erased record in the trail")["shredded"] == 1
