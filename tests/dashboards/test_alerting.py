"""Alerts ask for what there is, wake nobody without need, and tell who is woken what to do."""

from __future__ import annotations

from typing import Final

import pytest

from dashboards.__main__ import BOARDS, files
from dashboards.alerting.declare import Alert
from dashboards.alerting.write import ALERTS
from proxy.telemetry.instruments import INSTRUMENTS
from tests.dashboards.test_boards import _NAME, label_problems, metric_of

NAMES: Final = [alert.name for alert in ALERTS]
PAGES: Final = {
    # Evidence.
    *("RecorderDown", "RecorderBehind", "AuditCoverageGap", "AuditGapDeclared"),
    *("JournalSpaceShort", "TrailNotSigned"),
    # Availability.
    *("ProxyTargetDown", "InteractionErrorBudgetBurnFast", "GatewayShedding"),
    *("GatewayWorkerSilent", "UpstreamServerErrors"),
}
"""All that wakes somebody: lost evidence, lost availability, a broken trail."""


def test_names_are_unique_and_few_of_them_wake_somebody() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert {alert.name for alert in ALERTS if alert.severity == "page"} == PAGES


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_asks_for_metrics_and_labels_that_there_are(alert: Alert) -> None:
    for expr in (alert.expr, *alert.queries):
        for name in _NAME.findall(expr):
            assert metric_of(name) in INSTRUMENTS, name
        assert label_problems(expr) == []


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_is_tested_firing_and_silent(alert: Alert) -> None:
    assert {case.fires for case in alert.cases} == {True, False}


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_a_runbook_says_what_it_means_and_what_to_do(alert: Alert) -> None:
    book = files()[f"runbooks/{alert.name}.md"]

    assert len(alert.queries) == 3
    assert alert.board in {board.uid for board in BOARDS}
    for part in (alert.meaning, alert.impact, alert.verify, alert.for_the_record):
        assert len(part) >= 4
        assert part in book
