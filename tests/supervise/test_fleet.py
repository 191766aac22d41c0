"""The shipper among the children."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from proxy.supervise.server import Supervisor
from tests.supervise.fakes import OBEDIENT, program
from tests.supervise.test_server import programs, serve_until, settings


async def test_a_shipper_runs_where_a_fleet_is_named_and_nowhere_else(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    (tmp_path / "fleet.toml").touch()
    started = replace(programs(notes), shipper=program(OBEDIENT, notes, "shipper"))
    alone, fleet = settings(tmp_path), settings(tmp_path / "fleet")
    fleet = replace(fleet, fleet_engine_file=tmp_path / "fleet.toml")

    await serve_until(Supervisor(alone, programs=started), lambda _: None)
    assert "shipper" not in notes.read_text()
    await serve_until(Supervisor(fleet, programs=started), lambda _: None)

    lines = notes.read_text().splitlines()
    assert [line.split()[1] for line in lines if "shipper" in line] == ["ready", "stopped"]
