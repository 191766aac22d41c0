"""A real Prometheus scrapes a real proxy: every panel and rule has data, and what they say is true."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from dashboards.__main__ import BOARDS, HERE
from dashboards.alerting.declare import Alert
from dashboards.alerting.write import ALERTS
from dashboards.boards.pipeline import FLEET_LAG
from dashboards.declare import Query, Shipped
from tests.end_to_end.programs import look_until
from tests.end_to_end.stage import Stage
from tests.outside.telemetry.programs import Called, Web, alertmanager, program, prometheus
from tests.outside.telemetry.traffic import TRACE, Caller
from tests.recorder.trail.witness import serving_witness
from tests.telemetry.traces.receiver import http_receiver

ROUNDS: Final = 8
_COMPARISON: Final = re.compile(r" (==|>|<) (?!bool)")
PANELS: Final = [
    (f"{board.uid} {panel.title} {place}", query.expr)
    for board in BOARDS
    for panel in board.panels
    for place, query in enumerate(panel.queries)
    if isinstance(query, Query)
]
ASKED: Final = [
    (f"{board.uid} {panel.title}", query)
    for board in BOARDS
    for panel in board.panels
    for query in panel.queries
    if isinstance(query, Shipped)
]
SPAN: Final = {
    "${__from:date:iso}": "2026-01-01T00:00:00.000Z",
    "${__to:date:iso}": "2036-01-01T00:00:00.000Z",
}
OF_OTHERS: Final = {"UpstreamDeletionFailing", "FleetBehind"}
"""Rules about what a steward or a shipper does; this proxy has none, so they are only understood here."""
OFTEN_EMPTY: Final = {"gaps"}
"""A strict proxy that nothing happened to has none."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A proxy with traffic, and who watches it."""

    stage: Stage
    caller: Caller
    web: Web
    called: Called
    ops: str


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    with (
        http_receiver() as collector,
        serving_witness() as witness,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        yield from _watched(folder, witness.url)


def _watched(folder: Path, witness_url: str) -> Iterator[Watched]:
    stage = Stage.set_up(folder, trail__witness_url=witness_url)
    ops = stage.proxy.program.announced["ops"]
    caller = Caller(stage.proxy.address)
    try:
        with (
            alertmanager(folder / "alertmanager") as (manager, called),
            prometheus(
                folder / "prometheus",
                ops.removeprefix("http://"),
                manager.url.removeprefix("http://"),
            ) as web,
        ):
            caller.start()
            try:
                look_until(
                    lambda: caller.failure or caller.rounds >= ROUNDS or None, "some traffic"
                )
                yield Watched(stage, caller, web, called, ops)
            finally:
                caller.stop()
    finally:
        stage.stop()


def interpolated(expr: str) -> str:
    """As Grafana asks: all proxies, all models, spans that hold a few scrapes."""
    filled = expr.replace("$instance", ".*").replace("$model", ".*")
    return filled.replace("$__rate_interval", "20s").replace("$__range", "60s")


def data_of(watched: Watched, expr: str) -> list[Any]:
    """What a query gives, once there is anything."""
    found: list[Any] = look_until(
        lambda: watched.web.ask("/api/v1/query", query=expr)["result"] or None, f"data of {expr}"
    )
    return found


@pytest.mark.parametrize(("name", "expr"), PANELS, ids=[name for name, _ in PANELS])
def test_every_panel_has_data(watched: Watched, name: str, expr: str) -> None:
    if FLEET_LAG in name:
        watched.web.ask("/api/v1/query", query=interpolated(expr))
    else:
        assert data_of(watched, interpolated(expr)), name


@pytest.mark.parametrize("alert", ALERTS, ids=[alert.name for alert in ALERTS])
def test_every_rule_and_every_query_of_its_runbook_has_data(watched: Watched, alert: Alert) -> None:
    as_number = _COMPARISON.sub(r" \1 bool ", alert.expr)
    if alert.name in OF_OTHERS:
        watched.web.ask("/api/v1/query", query=as_number)
    else:
        assert data_of(watched, as_number)
    for query in alert.queries:
        watched.web.ask("/api/v1/query", query=query)


@pytest.mark.parametrize(("title", "query"), ASKED, ids=[title for title, _ in ASKED])
def test_every_panel_of_the_records_asks_the_audit_api_and_gets_rows(
    watched: Watched, title: str, query: Shipped
) -> None:
    proxy = watched.stage.proxy
    token = (proxy.data / "admin" / "local.token").read_text("ascii").strip()
    given = {name: SPAN[value] for name, value in query.parameters}
    address = f"{proxy.program.announced['admin']}/v1/queries/{query.name}?{urllib.parse.urlencode(given)}"
    asked = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})

    def rows() -> Any:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.loads(answer.read())["rows"] or None

    if query.name not in OFTEN_EMPTY:
        assert look_until(rows, f"rows for {title}")
    else:
        rows()


def test_prometheus_accepts_the_rules_and_promtool_all_of_it(watched: Watched) -> None:
    rules = watched.web.ask("/api/v1/rules")["groups"]
    assert {rule["name"] for group in rules for rule in group["rules"]} == {a.name for a in ALERTS}
    assert all(rule["health"] == "ok" for group in rules for rule in group["rules"])
    for arguments in (["check", "rules", "rules.yaml"], ["test", "rules", "tests.yaml"]):
        done = subprocess.run(
            [program("promtool"), *arguments],
            cwd=HERE / "prometheus",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_is_as_promtool_wants_it(watched: Watched) -> None:
    with urllib.request.urlopen(f"{watched.ops}/metrics", timeout=30) as answer:
        page = answer.read()
    done = subprocess.run(
        [program("promtool"), "check", "metrics"], input=page, capture_output=True, check=False
    )

    assert done.returncode == 0, (done.stdout + done.stderr).decode()


def test_a_slow_answer_leads_to_its_trace(watched: Watched) -> None:
    found = look_until(
        lambda: (
            watched.web.ask(
                "/api/v1/query_exemplars",
                query="ixp_interaction_duration_seconds_bucket",
                start="0",
                end="9999999999",
            )
            or None
        ),
        "exemplars",
    )

    told = [one["labels"] for each in found for one in each["exemplars"]]
    traces = {labels["trace_id"] for labels in told}  # of who named none, the one its spans are in
    assert TRACE in traces
    assert all(labels["exchange"] for labels in told)


def test_a_frozen_recorder_is_an_alarm_and_its_end_is_told(watched: Watched) -> None:
    (recorder,) = watched.stage.proxy.recorders()
    os.kill(recorder, signal.SIGSTOP)
    try:
        look_until(
            lambda: "firing" in watched.called.statuses("RecorderDown") or None,
            "an alert that fires",
        )
        seen = "sum(increase(ixp_gateway_exchanges_seen_total[10s]))"
        (sample,) = data_of(watched, seen)
        assert float(sample["value"][1]) > 0  # callers are served meanwhile
    finally:
        os.kill(recorder, signal.SIGCONT)
    look_until(
        lambda: "resolved" in watched.called.statuses("RecorderDown") or None, "an alert that ends"
    )


def test_totals_are_rows_are_the_ledger(watched: Watched) -> None:
    watched.caller.stop()
    watched.stage.proxy.flush()
    rows = watched.stage.proxy.rows("SELECT count(*) FROM exchanges")[0][0]
    ledger = len(watched.stage.emulator.ledger("received"))

    def total() -> int | None:
        (sample,) = data_of(watched, "sum(ixp_exchanges_total)")
        return rows if int(float(sample["value"][1])) == rows else None

    try:
        assert look_until(total, f"{rows} exchanges in the metrics") == rows
        assert ledger == rows
    finally:
        watched.caller.start()  # for the other tests, whatever their order
