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
    Alert(
        name="RetentionOverdue",
        severity="ticket",
        wait="1h",
        expr="ixp_retention_overdue > 0",
        summary="{{ $value }} deletions at Google were due an hour ago and are not done, for {{ $labels.instance }}",
        board="ixp-compliance",
        meaning="Copies that a policy or a person wants gone are still there, or were not seen to be gone. Held ones "
        "do not count. The steward may be behind, without its credential, or waiting for a run to end.",
        impact="Copies stay at Google longer than was promised.",
        queries=(
            "ixp_retention_overdue",
            "sum by (disposal) (ixp_retention_attention)",
            "sum by (code) (increase(ixp_exchanges_total{purpose='steward', operation='delete'}[1h]))",
        ),
        mitigation=(
            "Ask `interactions-proxy due --within 0s` which copies wait, and in which state.",
            "scheduled or backoff: is there a steward, with steward.credential_file? Does its log say why it waits?",
            "A clock that upstream's does not confirm keeps everything: the steward's log names it.",
            "More than steward.requests_per_s allows: raise it, or let it work off.",
        ),
        verify="ixp_retention_overdue is 0.",
        for_the_record="Which copies were due since when: `interactions-proxy due --json`.",
        cases=(
            Case((("ixp_retention_overdue{instance='p'}", "3x130"),), "90m", fires=True),
            Case((("ixp_retention_overdue{instance='p'}", "3x20 0x110"),), "90m", fires=False),
        ),
    ),
    Alert(
        name="DeletionNotEffective",
        severity="ticket",
        wait="0m",
        expr="ixp_retention_attention{disposal='not_effective'} > 0",
        summary="Google said it deleted {{ $value }} copies, and serves them still, for {{ $labels.instance }}",
        board="ixp-compliance",
        meaning="Three rounds of deletion were answered with success, and each time the copy was served ten minutes "
        "later. Nothing further is tried by itself before the copy should expire.",
        impact="A copy that was promised to be gone is not. Its receipt says not_effective, never that it is gone.",
        queries=(
            "sum by (disposal) (ixp_retention_attention)",
            "sum by (code) (increase(ixp_exchanges_total{purpose='steward', operation='delete'}[1d]))",
            "sum by (code) (increase(ixp_exchanges_total{purpose='verify'}[1d]))",
        ),
        mitigation=(
            "Ask `interactions-proxy due` which they are and `interactions-proxy receipts ID` for the evidence.",
            "Tell Google's support, with the receipts: they name each request and its answer.",
            "When they say that it works, have it tried again: `interactions-proxy dispose ID --reason ...`.",
        ),
        verify="ixp_retention_attention{disposal='not_effective'} is 0.",
        for_the_record="The receipts: `interactions-proxy receipts --json`.",
        cases=(
            Case(
                (("ixp_retention_attention{instance='p', disposal='not_effective'}", "0x9 1x9"),),
                "12m",
                fires=True,
            ),
            Case(
                (("ixp_retention_attention{instance='p', disposal='denied'}", "1x20"),),
                "12m",
                fires=False,
            ),
        ),
    ),
    Alert(
        name="CopyOverstays",
        severity="ticket",
        wait="0m",
        expr="ixp_retention_overstaying + ixp_retention_resurrected > 0",
        summary="{{ $value }} copies are served by Google that should be gone, for {{ $labels.instance }}",
        board="ixp-compliance",
        meaning="A copy was served after the latest instant at which it should have expired, with a day of grace, or "
        "after it was seen to be gone.",
        impact="What was said to be gone is not, or the settings tell another period than the project at Google has.",
        queries=(
            "ixp_retention_overstaying",
            "ixp_retention_resurrected",
            "ixp_upstream_stored_interactions",
        ),
        mitigation=(
            "Compare retention.tier and retention.paid_days with what the project at Google says.",
            "Ask `interactions-proxy forecast` which copies they are, `retention ID` for what was seen of one.",
            "What a policy or a person wants gone is deleted again by itself; have others deleted with `dispose`.",
        ),
        verify="Both are 0.",
        for_the_record="What was served when: `interactions-proxy retention ID`, and the receipts before it.",
        cases=(
            Case(
                (
                    ("ixp_retention_overstaying{instance='p'}", "0x9 1x9"),
                    ("ixp_retention_resurrected{instance='p'}", "0x20"),
                ),
                "12m",
                fires=True,
            ),
            Case(
                (
                    ("ixp_retention_overstaying{instance='p'}", "0x20"),
                    ("ixp_retention_resurrected{instance='p'}", "0x20"),
                ),
                "12m",
                fires=False,
            ),
        ),
    ),
)
