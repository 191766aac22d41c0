"""The chart knows the settings: a renamed one breaks the build, a foreign one is refused."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

import helm.schema
from helm.__main__ import main
from helm.schema import CHART, DRAIN_S, STOP_S, owned, values_schema
from proxy.config.catalogue import CATALOGUE, Settings
from proxy.errors import ConfigError
from proxy.supervise.server import Supervisor


def sections() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(values_schema())["properties"]["settings"]["properties"]
    return found


def chart_with(text: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "templates").mkdir()
    (folder / "templates" / "_settings.tpl").write_text(text, "utf-8")
    monkeypatch.setattr(helm.schema, "CHART", folder)


def test_every_setting_is_the_charts_or_a_value() -> None:
    values = {
        f"{section}.{name}" for section, about in sections().items() for name in about["properties"]
    }

    assert values | owned() == CATALOGUE.keys()
    assert not values & owned()


def test_a_value_has_the_limits_of_its_setting() -> None:
    batch = sections()["recorder"]["properties"]["batch_rows"]

    setting = CATALOGUE["recorder.batch_rows"]
    assert (batch["type"], batch["minimum"], batch["maximum"]) == (
        "integer",
        setting.least,
        setting.most,
    )
    assert sections()["journal"]["properties"]["mode"]["enum"] == ["strict", "available"]


def test_a_setting_that_was_renamed_stops_the_chart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chart_with('{{- $_ := set $own "ops.prot" 9464 -}}', monkeypatch, tmp_path)

    with pytest.raises(ConfigError, match=r"sets ops\.prot"):
        owned()
    assert main(["--check"]) == 1
    assert "ops.prot" in capsys.readouterr().err


def test_a_longer_stop_must_be_told_to_the_chart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    drain = '(int (ceil (dig "gateway" "drain_s" {} $v.settings)))'
    for stop_s, drain_s in ((7, DRAIN_S), (STOP_S, 7.0)):
        text = f'set $own "ops.port" 1 add (int $v.preStopSleepSeconds) {stop_s} '
        folder = tmp_path / str(stop_s)
        folder.mkdir()
        chart_with(text + drain.format(drain_s), monkeypatch, folder)

        with pytest.raises(ConfigError, match=f"may take {STOP_S} s"):
            owned()


class Told:
    """A child of the supervisor: it ends when it is told to, and notes within how many seconds."""

    def __init__(self, given: list[float]) -> None:
        self.plan = SimpleNamespace(name="a child")
        self.first_ready = asyncio.Event()
        self._given = given
        self._told = asyncio.Event()

    async def keep(self) -> None:
        await self._told.wait()

    async def stop(self, within_s: float) -> None:
        self._given.append(within_s)
        self._told.set()


async def test_the_pod_waits_for_every_child_that_the_supervisor_may_wait_for(
    tmp_path: Path,
) -> None:
    given: list[float] = []
    settings = Settings(data_folder=tmp_path)
    supervisor: Any = Supervisor(settings)
    for children in ("_stewards", "_gateways", "_doors", "_shippers"):
        setattr(supervisor, children, [Told(given)])

    supervisor.request_stop()
    await supervisor._keep(Told(given), tmp_path / "settings", lambda: None)

    assert len(given) == 5
    assert sum(given) == STOP_S + settings.gateway_drain_s


def test_every_value_is_in_the_schema_and_no_other() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    schema = json.loads(values_schema())

    assert schema["properties"].keys() - values.keys() == {"global"}
    assert values.keys() <= schema["properties"].keys()
    for name, value in values.items():
        known = schema["properties"][name].get("properties")
        if known and name != "settings":
            assert value.keys() == known.keys(), name


def test_the_chart_is_of_this_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    project = (CHART.parent.parent / "pyproject.toml").read_text("utf-8")

    assert f'version = "{chart["appVersion"]}"' in project
