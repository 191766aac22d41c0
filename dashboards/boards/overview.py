"""Is everything all right? For whoever is on call."""

from __future__ import annotations

from typing import Final

from dashboards.declare import (
    Board,
    Panel,
    Query,
    Row,
    count,
    heat,
    or_nothing,
    quantile,
    selected,
    share,
    total,
)

_CLIENTS: Final = 'purpose="client"'
_FAILED: Final = 'purpose="client", code=~"5..|5xx|none"'
_ALL: Final = f"sum({selected('ixp_gateway_exchanges_seen_total')})"
_KEPT: Final = (
    f"sum({selected('ixp_audit_exchanges_total')}) + "
    f"sum({selected('ixp_gateway_requests_in_flight')})"
)
_AVAILABLE: Final = "1 - " + share(
    count("ixp_exchanges_total", _FAILED), f"({count('ixp_exchanges_total', _CLIENTS)})", "1"
)


def _failing(labels: str) -> str:
    part = or_nothing(total("ixp_exchanges_total", labels=labels))
    return share(part, f"({or_nothing(total('ixp_exchanges_total'))})")


_PROMISES: Final = Row(
    "Promises",
    (
        Panel(
            "Availability",
            "Share of callers' exchanges that neither the proxy nor Google failed. Below 99 % the budget is being "
            "spent: see errors by cause.",
            "stat",
            (Query(_AVAILABLE),),
            "percentunit",
            ((0.0, "red"), (0.99, "green")),
            width=6,
            height=5,
            decimals=2,
        ),
        Panel(
            "Recorded",
            "Share of what came in since the gateways started that is in the vault or under way. Below 99.9 % "
            "evidence is missing or late.",
            "stat",
            (Query(f"clamp_max({share(_KEPT, _ALL, '1')}, 1)"),),
            "percentunit",
            ((0.0, "red"), (0.999, "green")),
            width=6,
            height=5,
            decimals=2,
        ),
        Panel(
            "Time to first event, p95",
            "What a user of a stream waits for before anything comes: Google's time, mostly.",
            "stat",
            (Query(quantile(0.95, "ixp_time_to_first_event_seconds")),),
            "s",
            ((5, "yellow"), (10, "red")),
            width=6,
            height=5,
        ),
        Panel(
            "Commit wait, p99",
            "How long the oldest note of a group commit waited: in mode strict, what the proxy adds to an answer. "
            "Above 50 ms the disk is too slow.",
            "stat",
            (Query(quantile(0.99, "ixp_gateway_commit_wait_seconds")),),
            "s",
            ((0.02, "yellow"), (0.05, "red")),
            width=6,
            height=5,
        ),
    ),
)
_TRAFFIC: Final = Row(
    "Traffic",
    (
        Panel(
            "Exchanges by operation",
            "What callers ask for, per second.",
            "stacked",
            (Query(total("ixp_exchanges_total", "operation"), "{{operation}}"),),
            "reqps",
        ),
        Panel(
            "Errors by cause",
            "Share of exchanges that failed. proxy: answers of our own; upstream: Google's 5xx; limited: 429.",
            "lines",
            (
                Query(_failing('answered_by="proxy", code=~"5.."'), "proxy"),
                Query(_failing('answered_by="upstream", code=~"5.."'), "upstream"),
                Query(_failing('code="429"'), "limited"),
            ),
            "percentunit",
            ((0.01, "red"),),
        ),
        Panel(
            "Duration of interactions",
            "How long answers took, all models together. A dot leads to the trace of one that took so long.",
            "heatmap",
            (Query(heat("ixp_interaction_duration_seconds")),),
            "s",
            exemplars=True,
        ),
        Panel(
            "Interactions by model and status",
            "How interactions ended, by the model or agent that Google answered under.",
            "table",
            (Query(count("ixp_interactions_total", by="model, status")),),
        ),
        Panel(
            "Under way",
            "Requests and client connections of all gateways now.",
            "lines",
            (
                Query(f"sum({selected('ixp_gateway_requests_in_flight')})", "requests"),
                Query(f"sum({selected('ixp_gateway_connections')})", "connections"),
            ),
        ),
        Panel(
            "Tokens",
            "Per second, by what they were; input includes cached input.",
            "stacked",
            (Query(total("ixp_tokens_total", "type"), "{{type}}"),),
        ),
    ),
)
OVERVIEW: Final = Board(
    "ixp-overview",
    "Interactions Proxy / Overview",
    "One look: do callers get answers, is everything recorded.",
    (_PROMISES, _TRAFFIC),
)
