"""Alerts about copies at Google: what should be deleted there, and is not."""

from __future__ import annotations

from typing import Final

from dashboards.alerting.declare import Alert, Case

_DELETES: Final = (
    "ixp_exchanges_total{instance='p', operation='delete', purpose='steward', code='%s', "
    "answered_by='upstream', outcome='complete'}"
)

RETENTION: Final = (
    Alert(
        name="UpstreamDeletionFailing",
        severity="ticket",
        wait="10m",
        expr="sum by (instance) (increase(ixp_exchanges_total"
        "{operation='delete', purpose='steward', code!~'2..|404|408|409|429'}[1h])) > 0",
        summary="Google refuses deletions that are due, for {{ $labels.instance }}",
        board="ixp-compliance",
        meaning="The steward asked Google to delete what is due, and was answered neither yes nor that it is gone. "
        "It tries again by itself, but for a refusal (401, 403) and an answer nobody expects (400).",
        impact="Copies stay at Google longer than the policies say; until they expire there by themselves.",
        queries=(
            "sum by (code) (increase(ixp_exchanges_total{operation='delete', purpose='steward'}[1h]))",
            "sum by (code) (increase(ixp_exchanges_total{purpose='verify'}[1h]))",
            "increase(ixp_audit_acts_total[1h])",
        ),
        mitigation=(
            "Ask `interactions-proxy due` which copies wait, and in which state.",
            "denied: the steward's credential is not of the project that made them; give it the right one.",
            "unsupported: Google does not delete these; they are asked for once a day, and expire.",
        ),
        verify="`interactions-proxy due` is empty and its exit code is 0.",
        for_the_record="Which copies were due since when: `interactions-proxy due --json`.",
        cases=(
            Case(((_DELETES % "403", "0+1x90"),), "80m", fires=True),
            Case(
                ((_DELETES % "200", "0+5x90"), (_DELETES % "404", "0+1x90")),
                "80m",
                fires=False,
            ),
        ),
    ),
)
