from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config.catalogue import Settings
from proxy.errors import StartRefused
from proxy.fleet.home import fleet_of


def test_without_a_file_there_is_no_fleet(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match=r"fleet\.engine_file is not set"):
        fleet_of(Settings(data_folder=tmp_path))


def test_without_the_extra_the_way_to_get_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", [])
    monkeypatch.setattr("sys.path_importer_cache", {})
    settings = Settings(data_folder=tmp_path, fleet_engine_file=tmp_path / "fleet.toml")

    with pytest.raises(StartRefused, match=r"interactions-proxy\[fleet\]"):
        fleet_of(settings)
