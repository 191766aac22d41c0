"""Dashboards ask for what there is, say what they show, and are current."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest

from dashboards.__main__ import BOARDS, HERE, files
from dashboards.declare import Board, Panel, Shipped
from proxy.telemetry.instruments import INSTRUMENTS
from proxy.telemetry.metrics.declare import Kind

_NAME: Final = re.compile(r"\b(ixp_\w+|gen_ai_\w+)")
_SELECTOR: Final = re.compile(r"(ixp_\w+)\{([^}]*)\}")
_GROUPING: Final = re.compile(r"\b(?:by|without) \(([^)]*)\)")
_OURS: Final = frozenset(["instance", "le", "job", "alertname", "alertstate"])
PANELS: Final = [(board, panel) for board in BOARDS for panel in board.panels]
IDS: Final = [f"{board.uid} {panel.title}" for board, panel in PANELS]


def metric_of(name: str) -> str:
    """The catalogue's name of a series."""
    for suffix in ("_bucket", "_sum", "_count"):
        if name.removesuffix(suffix) in INSTRUMENTS:
            return name.removesuffix(suffix)
    return name


def label_problems(expr: str) -> list[str]:
    """Labels that an expression names and its metrics do not have."""
    names = [metric_of(name) for name in _NAME.findall(expr)]
    known = {label for name in names for label in INSTRUMENTS[name].labels} | _OURS
    found = []
    for name, inside in _SELECTOR.findall(expr):
        labels = set(INSTRUMENTS[metric_of(name)].labels) | _OURS
        found += [label for label in re.findall(r"(\w+)\s*[=!]", inside) if label not in labels]
    for inside in _GROUPING.findall(expr):
        found += [label for label in inside.split(", ") if label and label not in known]
    return found


def test_what_is_committed_is_what_the_catalogue_makes() -> None:
    stale = [path for path, text in files().items() if (HERE / path).read_text("utf-8") != text]

    assert stale == []
    made = {path for path in files() if path.startswith(("grafana", "runbooks"))}
    there = {
        path.relative_to(HERE).as_posix()
        for folder in ("grafana", "runbooks")
        for path in (HERE / folder).iterdir()
    }
    assert there == made


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=IDS)
def test_a_panel_says_what_it_shows_and_asks_for_what_there_is(board: Board, panel: Panel) -> None:
    assert len(panel.about) >= 20
    assert panel.queries
    for query in panel.queries:
        if isinstance(query, Shipped):
            assert board.has_audit
            continue
        for name in _NAME.findall(query.expr):
            assert metric_of(name) in INSTRUMENTS, name
        assert 'instance=~"$instance"' in query.expr
        assert label_problems(query.expr) == []


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=IDS)
def test_counters_are_asked_for_their_growth(board: Board, panel: Panel) -> None:
    totals = {"ixp_audit_exchanges_total", "ixp_gateway_exchanges_seen_total"}  # compared as totals
    for query in panel.queries:
        if isinstance(query, Shipped):
            continue
        for name in _NAME.findall(query.expr):
            kind = INSTRUMENTS[metric_of(name)].kind
            if kind is Kind.COUNTER and name not in totals:
                grown = rf"(?:rate|increase)\({name}\{{"
                assert re.search(grown, query.expr), f"{board.uid}: {name}"


@pytest.mark.parametrize("board", BOARDS, ids=[board.uid for board in BOARDS])
def test_a_dashboard_has_what_grafana_needs(board: Board) -> None:
    made: dict[str, Any] = json.loads(files()[f"grafana/{board.uid}.json"])

    assert made["uid"] == board.uid
    assert len(board.uid) <= 40
    assert made["editable"] is False
    assert made.get("id") is None
    assert made["links"][0]["keepTime"] is True
    variables = {each["name"]: each for each in made["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["instance"]["refresh"] == 2
    for panel in made["panels"]:
        if panel["type"] != "row":
            assert panel["title"]
            assert panel["description"]
            assert panel["targets"]
            assert panel["datasource"]["uid"] in {"${datasource}", "${audit}"}


def test_every_metric_of_ours_is_shown_or_alarmed_about() -> None:
    texts = "\n".join(files().values())
    unseen = [
        name
        for name in INSTRUMENTS
        if name.startswith("ixp_") and not re.search(rf"\b{name}(?:_bucket)?\b", texts)
    ]

    # Interesting when one looks for something, not day by day.
    assert set(unseen) <= {
        "ixp_response_head_seconds",
        "ixp_request_bytes_total",
        "ixp_response_bytes_total",
        "ixp_stream_events_total",
        "ixp_audit_open_exchanges",
        "ixp_audit_held_bytes",
    }
