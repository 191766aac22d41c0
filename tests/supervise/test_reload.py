"""proxy/supervise/reload.py: what may change while the proxy runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from proxy.config.catalogue import CATALOGUE, Settings
from proxy.supervise.reload import FIXED, merged

RUNNING = Settings(data_folder=Path("/data"), listen_port=8080)


def test_what_may_change_is_taken_over() -> None:
    read = replace(RUNNING, journal_mode="available", gateway_connections_max=7)

    assert merged(RUNNING, read) == (read, [])


def test_what_needs_a_restart_stays_and_is_named() -> None:
    read = replace(RUNNING, listen_port=9090, gateway_workers=4, journal_mode="available")

    settings, differing = merged(RUNNING, read)

    assert settings == replace(RUNNING, journal_mode="available")
    assert differing == ["listen.port", "gateway.workers"]


def test_every_fixed_setting_exists() -> None:
    assert set(FIXED) <= CATALOGUE.keys()
