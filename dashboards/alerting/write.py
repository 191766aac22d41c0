"""Alerts as files: rules for Prometheus, their unit tests for promtool, one runbook each."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any, Final

import yaml

from dashboards.alerting.availability import AVAILABILITY
from dashboards.alerting.declare import Alert, Case
from dashboards.alerting.evidence import EVIDENCE
from dashboards.alerting.retention import RETENTION
from dashboards.alerting.trail import TRAIL
from dashboards.alerting.usage import USAGE

GROUPS: Final[dict[str, tuple[Alert, ...]]] = {
    "interactions-proxy-availability": AVAILABILITY,
    "interactions-proxy-evidence": EVIDENCE,
    "interactions-proxy-retention": RETENTION,
    "interactions-proxy-trail": TRAIL,
    "interactions-proxy-usage": USAGE,
}
ALERTS: Final = tuple(alert for group in GROUPS.values() for alert in group)
RUNBOOKS: Final = "runbooks"
"""Relative: the chart and provisioning put the address of where the documents are served before it."""
_HEADER: Final = "# Written by `python -m dashboards`; change dashboards/alerting instead.\n"


def alerting_files(boards: AbstractSet[str]) -> dict[str, str]:
    """Rules, tests and runbooks, by path. `boards`: uids that runbooks may name."""
    for alert in ALERTS:
        assert alert.board in boards, f"{alert.name}: there is no dashboard {alert.board}"
    found = {
        "prometheus/rules.yaml": _yaml({"groups": [_group(name) for name in GROUPS]}),
        "prometheus/tests.yaml": _yaml(
            {
                "rule_files": ["rules.yaml"],
                "evaluation_interval": "1m",
                "tests": [_test(alert, case) for alert in ALERTS for case in alert.cases],
            }
        ),
    }
    return found | {f"runbooks/{alert.name}.md": _runbook(alert) for alert in ALERTS}


def _yaml(value: Any) -> str:
    return _HEADER + yaml.safe_dump(value, sort_keys=False, width=110)


def _group(name: str) -> dict[str, Any]:
    return {"name": name, "rules": [_rule(alert) for alert in GROUPS[name]]}


def _rule(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expr,
        "for": alert.wait,
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.summary,
            "description": f"{alert.meaning} {alert.impact} Value: {{{{ $value }}}}.",
            "runbook_url": f"{RUNBOOKS}/{alert.name}.md",
            "dashboard_uid": alert.board,
        },
    }


def _test(alert: Alert, case: Case) -> dict[str, Any]:
    """Promtool compares all labels and annotations; so cases only say whether the alert is there."""
    firing = f'ALERTS{{alertname="{alert.name}", alertstate="firing"}}'
    expected = [{"labels": "{}", "value": 1}] if case.fires else []
    return {
        "name": f"{alert.name} {'fires' if case.fires else 'is silent'}",
        "interval": case.interval,
        "input_series": [{"series": name, "values": values} for name, values in case.series],
        "promql_expr_test": [
            {
                "expr": f"count(count by (alertname) ({firing})) > 0",
                "eval_time": case.at,
                "exp_samples": expected,
            }
        ],
    }


def _runbook(alert: Alert) -> str:
    queries = "\n".join(f"{n}. `{query}`" for n, query in enumerate(alert.queries, 1))
    steps = "\n".join(f"- {step}" for step in alert.mitigation)
    whom = "It wakes somebody." if alert.severity == "page" else "It makes a ticket."
    return f"""# {alert.name}

{whom} It fires when this holds for {alert.wait}:

```
{alert.expr}
```

## What it means
{alert.meaning}

## Impact
{alert.impact}

## First three queries
{queries}

Dashboard: [{alert.board}](../grafana/{alert.board}.json).

## What to do
{steps}

## How to see that it is over
{alert.verify}

## For the record
{alert.for_the_record}
"""
