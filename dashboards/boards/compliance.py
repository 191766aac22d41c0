"""Is it all there, and who looked? For whoever has to show it."""

from __future__ import annotations

from typing import Final

from dashboards.declare import Board, Panel, Query, Row, Shipped, count, selected

_SPAN: Final = (("from", "${__from:date:iso}"), ("to", "${__to:date:iso}"))

_STRICT: Final = selected("ixp_gateway_mode", 'journal_mode="strict"')

COMPLIANCE: Final = Board(
    "ixp-compliance",
    "Interactions Proxy / Audit and compliance",
    "Completeness, modes, what is stored at Google, and who asked for what.",
    (
        Row(
            "Completeness",
            (
                Panel(
                    "Declared missing",
                    "Exchanges that the records themselves say are not there. Each has a gap record with its reason.",
                    "stat",
                    (Query(count("ixp_audit_gap_exchanges_total")),),
                    "short",
                    ((1, "red"),),
                    width=6,
                    height=5,
                ),
                Panel(
                    "Mode of recording",
                    "Share of gateways that are strict: nothing is answered before it is recorded.",
                    "stat",
                    (Query(f"avg({_STRICT})"),),
                    "percentunit",
                    ((0.0, "red"), (1.0, "green")),
                    width=6,
                    height=5,
                ),
                Panel(
                    "What was said of storing",
                    "Creates by what they said; inherited follows the project's setting at Google.",
                    "bars",
                    (Query(count("ixp_creates_total", by="store")),),
                    height=5,
                ),
                Panel(
                    "Signed",
                    "Since the last checkpoint of the trail was signed, and since the last record; at rest each minute.",
                    "stat",
                    (
                        Query(f"max({selected('ixp_trail_checkpoint_age_seconds')})", "checkpoint"),
                        Query(f"max({selected('ixp_trail_heartbeat_age_seconds')})", "record"),
                    ),
                    "s",
                    ((0.0, "green"), (300.0, "red")),
                    width=6,
                    height=5,
                ),
                Panel(
                    "Leaves of the trail",
                    "Signed, and held by the witness where there is one: what lies between could still be denied.",
                    "lines",
                    (
                        Query(f"sum({selected('ixp_trail_leaves')})", "signed"),
                        Query(f"sum({selected('ixp_trail_witnessed_leaves')})", "witnessed"),
                    ),
                    width=18,
                    height=5,
                ),
                Panel(
                    "Exchanges by day",
                    "From the records: what came in, what is there, what is declared missing.",
                    "table",
                    (Shipped("completeness_by_day", _SPAN),),
                ),
                Panel(
                    "Gaps",
                    "From the records: when, how many, why.",
                    "table",
                    (Shipped("gaps", _SPAN),),
                ),
            ),
        ),
        Row(
            "Acts and access",
            (
                Panel(
                    "Acts",
                    "Modes, recoveries, damage, holds, erasures, accesses: what happened to the recording itself.",
                    "bars",
                    (Query(count("ixp_audit_acts_total", by="kind")),),
                ),
                Panel(
                    "Who read what",
                    "From the records: every query and every opening of content, with its reason.",
                    "table",
                    (Shipped("access_log", _SPAN),),
                ),
                Panel(
                    "Copies at Google",
                    "How many may lie there, how many may expire within a day, and holds in force.",
                    "lines",
                    (
                        Query(f"sum({selected('ixp_upstream_stored_interactions')})", "stored"),
                        Query(f"sum({selected('ixp_retention_expiring')})", "expiring"),
                        Query(f"sum({selected('ixp_retention_held')})", "holds"),
                    ),
                ),
                Panel(
                    "Deletions at Google that wait",
                    "Due and not gone; held ones are left out. Ask `interactions-proxy due` which they are.",
                    "lines",
                    (
                        Query(f"sum({selected('ixp_retention_overdue')})", "overdue"),
                        Query(f"sum({selected('ixp_retention_scheduled')})", "due later"),
                    ),
                ),
                Panel(
                    "How late deletions at Google are",
                    "Since when the one is due that was due first; held ones are left out.",
                    "lines",
                    (
                        Query(
                            f"max by (instance) ({selected('ixp_retention_deletion_lag_seconds')})",
                            "{{instance}}",
                        ),
                    ),
                    unit="s",
                ),
                Panel(
                    "For a person",
                    "Deletions that do not go on by themselves, and copies that are there though they should be gone.",
                    "lines",
                    (
                        Query(
                            f"sum by (disposal) ({selected('ixp_retention_attention')})",
                            "{{disposal}}",
                        ),
                        Query(f"sum({selected('ixp_retention_overstaying')})", "overstaying"),
                        Query(f"sum({selected('ixp_retention_resurrected')})", "served again"),
                    ),
                ),
                Panel(
                    "Stored at Google",
                    "From the records: interactions that Google keeps, as far as known.",
                    "table",
                    (Shipped("stored_upstream"),),
                    width=24,
                ),
            ),
        ),
    ),
    has_audit=True,
    begins="now-30d",
)
