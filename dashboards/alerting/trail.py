"""Alerts about the trail: is what was recorded signed, and does somebody else hold it."""

from __future__ import annotations

from typing import Final

from dashboards.alerting.declare import Alert, Case

TRAIL: Final = (
    Alert(
        name="TrailNotSigned",
        severity="page",
        wait="2m",
        expr="ixp_trail_up == 0 or ixp_trail_checkpoint_age_seconds > 300",
        summary="Records of {{ $labels.instance }} are not signed into the trail",
        board="ixp-compliance",
        meaning="The trail refused, or its thread is gone: no checkpoint was signed lately. It refuses when the vault "
        "gives another tree than was signed before, when another key lies beside the data, or when the disk fails.",
        impact="Recording goes on. What was recorded since the last checkpoint could be changed and nobody would see it.",
        queries=(
            "ixp_trail_up",
            "ixp_trail_checkpoint_age_seconds",
            "ixp_trail_pending_leaves",
        ),
        mitigation=(
            "Read the recorder's log for trail_not_signed: its sentence names the cause and the way out.",
            "Run `interactions-proxy verify --since` with a checkpoint that you hold, before you change anything.",
            "If it speaks of another tree: keep vault and trail as they are, and find out which of them was replaced.",
            "If it speaks of another key: put keys/trail.key back from the newest backup of the keys.",
        ),
        verify="ixp_trail_up is 1 and ixp_trail_checkpoint_age_seconds stays below 80.",
        for_the_record="Keep the log line, the output of `verify` and the last checkpoint that somebody else holds.",
        cases=(
            Case((("ixp_trail_up{instance='p'}", "1x3 0x10"),), "8m", fires=True),
            Case(
                (("ixp_trail_checkpoint_age_seconds{instance='p'}", "10+60x20"),), "12m", fires=True
            ),
            Case(
                (
                    ("ixp_trail_up{instance='p'}", "1x20"),
                    ("ixp_trail_checkpoint_age_seconds{instance='p'}", "0 60 5 70x20"),
                ),
                "12m",
                fires=False,
            ),
        ),
    ),
    Alert(
        name="TrailNotWitnessed",
        severity="ticket",
        wait="5m",
        expr="ixp_trail_witness_age_seconds > 900",
        summary="The witness of {{ $labels.instance }} took no checkpoint for {{ $value | humanizeDuration }}",
        board="ixp-compliance",
        meaning="trail.witness_url is set and the witness does not answer, or refuses: it may hold another log of this "
        "name, or a larger one.",
        impact="Nothing is lost. What was recorded since it last answered is proof only against people who cannot sign.",
        queries=(
            "ixp_trail_witness_age_seconds",
            "ixp_trail_leaves - ixp_trail_witnessed_leaves",
            "ixp_trail_up",
        ),
        mitigation=(
            "Read the recorder's log for witness_refused: it names the answer.",
            "Unreachable: see to the network; it gets the next checkpoint with a proof from what it holds.",
            "It holds more leaves than there are: the data folder was put back from an older copy.",
        ),
        verify="ixp_trail_witness_age_seconds falls below 80.",
        for_the_record="From when to when nothing was witnessed, and what the witness held before.",
        cases=(
            Case((("ixp_trail_witness_age_seconds{instance='p'}", "0+60x40"),), "30m", fires=True),
            Case((("ixp_trail_witness_age_seconds{instance='p'}", "60x40"),), "30m", fires=False),
        ),
    ),
)
