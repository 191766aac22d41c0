"""Alerts about what callers do: money, background work, drift."""

from __future__ import annotations

from typing import Final

from dashboards.alerting.declare import Alert, Case

_CACHED: Final = 'sum by (instance) (increase(ixp_tokens_total{type="cached_input"}[%s]))'
_INPUT: Final = 'sum by (instance) (increase(ixp_tokens_total{type="input"}[%s]))'
_TOKENS: Final = "ixp_tokens_total{instance='p', model='m', type='%s'}"

USAGE: Final = (
    Alert(
        name="BackgroundInteractionStuck",
        severity="ticket",
        wait="15m",
        expr="ixp_background_oldest_age_seconds > 3600",
        summary="{{ $labels.instance }}: a background interaction has had no end for {{ $value | humanizeDuration }}",
        board="ixp-background",
        meaning="Nobody has seen its end: it takes long, hangs, or nobody reads it.",
        impact="Its result may expire unread; its cost is not recorded yet.",
        queries=(
            "sum by (status) (ixp_background_interactions)",
            'rate(ixp_exchanges_total{operation="get"}[15m])',
            'rate(ixp_exchanges_total{purpose="steward"}[15m])',
        ),
        mitigation=(
            "Give the steward a credential, and it reads what clients leave.",
            "requires_action waits for the client's own answer: tell its owner.",
        ),
        verify="The oldest is younger than an hour.",
        cases=(
            Case(
                (("ixp_background_oldest_age_seconds{instance='p'}", "3600+60x40"),),
                "30m",
                fires=True,
            ),
            Case(
                (("ixp_background_oldest_age_seconds{instance='p'}", "0x40"),), "30m", fires=False
            ),
        ),
    ),
    Alert(
        name="SpendRateHigh",
        severity="ticket",
        wait="15m",
        expr="sum by (instance) (increase(ixp_cost_usd_total[1h])) > 3 * "
        "sum by (instance) (increase(ixp_cost_usd_total[1d])) / 24 and "
        "sum by (instance) (increase(ixp_cost_usd_total[1h])) > 10",
        summary="{{ $labels.instance }}: {{ $value | humanize }} USD in the last hour, thrice the day's mean",
        board="ixp-cost",
        meaning="An estimate by the price book; the account stands in the records.",
        impact="Money.",
        queries=(
            "sum by (model) (increase(ixp_cost_usd_total[1h]))",
            "sum by (item) (increase(ixp_cost_usd_total[1h]))",
            "sum by (model) (increase(ixp_interactions_total[1h]))",
        ),
        mitigation=("`interactions-proxy cost` says who: by client, model, conversation.",),
        verify="The hour is below thrice the day's mean.",
        cases=(
            Case(
                (
                    (
                        "ixp_cost_usd_total{instance='p', model='m', item='output'}",
                        "0+0.01x240 2.4+1x110",
                    ),
                ),
                "330m",
                fires=True,
            ),
            Case(
                (("ixp_cost_usd_total{instance='p', model='m', item='output'}", "0+0.1x350"),),
                "330m",
                fires=False,
            ),
        ),
    ),
    Alert(
        name="UnpricedModelSeen",
        severity="ticket",
        wait="15m",
        expr="sum by (instance, model) (increase(ixp_unpriced_interactions_total[1h])) > 0",
        summary="{{ $labels.model }} has no price: its cost is missing",
        board="ixp-cost",
        meaning="A model, or a unit of its usage, is not in the price book of this release.",
        impact="Sums are too low by an unknown amount; the records say which interactions.",
        queries=(
            "sum by (model) (increase(ixp_unpriced_interactions_total[1d]))",
            "sum by (model) (increase(ixp_interactions_total[1d]))",
            "sum by (kind) (increase(ixp_protocol_unknown_total[1d]))",
        ),
        mitigation=("Upgrade, or add the price to a newer book and price again.",),
        verify="No further unpriced interaction.",
        cases=(
            Case(
                (("ixp_unpriced_interactions_total{instance='p', model='m'}", "0x10 1+1x60"),),
                "50m",
                fires=True,
            ),
            Case(
                (("ixp_unpriced_interactions_total{instance='p', model='m'}", "4x90"),),
                "80m",
                fires=False,
            ),
        ),
    ),
    Alert(
        name="CacheHitRateDropped",
        severity="ticket",
        wait="1h",
        expr=f"{_CACHED % '1h'} / {_INPUT % '1h'} < 0.5 * {_CACHED % '1d'} / {_INPUT % '1d'} "
        f"and {_INPUT % '1h'} > 1000000",
        summary="{{ $labels.instance }}: half as many input tokens come from the cache as yesterday",
        board="ixp-cost",
        meaning="Prompts changed near their beginning, or conversations are no longer continued.",
        impact="The same work costs more.",
        queries=(
            "sum by (type) (rate(ixp_tokens_total[1h]))",
            "sum by (place) (rate(ixp_turns_total[1h]))",
            "sum by (model) (rate(ixp_tokens_total[1h]))",
        ),
        mitigation=(
            "Look for a release of the calling application that changed its instructions.",
        ),
        verify="The share is back.",
        cases=(
            Case(
                (
                    (_TOKENS % "input", "0+100000x400"),
                    (_TOKENS % "cached_input", "0+80000x240 19200000+1000x160"),
                ),
                "380m",
                fires=True,
            ),
            Case(
                ((_TOKENS % "input", "5x400"), (_TOKENS % "cached_input", "5x400")),
                "380m",
                fires=False,
            ),
        ),
    ),
    Alert(
        name="SpansDropped",
        severity="ticket",
        wait="10m",
        expr="sum by (instance) (rate(ixp_traces_exchanges_dropped_total[10m])) > 0 or "
        "sum by (instance) (rate(ixp_traces_spans_failed_total[10m])) > 0",
        summary="{{ $labels.instance }}: traces are incomplete, the collector takes too little",
        board="ixp-pipeline",
        meaning="The collector of spans is away, refuses them, or is slower than what is sent to it.",
        impact="Traces have holes. Records, metrics and callers are not touched.",
        queries=(
            "rate(ixp_traces_spans_failed_total[10m])",
            "ixp_traces_queued_exchanges",
            "rate(ixp_traces_spans_exported_total[10m])",
        ),
        mitigation=(
            "See whether the collector runs and what it refuses; the recorder's log has its answer.",
            "Sample fewer (OTEL_TRACES_SAMPLER), or give the collector more room.",
        ),
        verify="Both rates are zero for ten minutes.",
        cases=(
            Case(
                (("ixp_traces_exchanges_dropped_total{instance='p'}", "0+5x40"),), "30m", fires=True
            ),
            Case(
                (("ixp_traces_exchanges_dropped_total{instance='p'}", "9x40"),), "30m", fires=False
            ),
        ),
    ),
    Alert(
        name="ProtocolDrift",
        severity="ticket",
        wait="15m",
        expr="sum by (instance, kind) (increase(ixp_protocol_unknown_total[1h])) > 0",
        summary="{{ $labels.instance }}: Google sent a {{ $labels.kind }} that this release does not know",
        board="ixp-drift",
        meaning="The API grew. What is unknown is passed on and kept raw.",
        impact="Columns and views do not show it until a release knows its name.",
        queries=(
            "sum by (kind) (increase(ixp_protocol_unknown_total[1d]))",
            "sum by (kind) (increase(ixp_problems_total[1d]))",
            "sum by (operation) (increase(ixp_exchanges_total[1d]))",
        ),
        mitigation=("`interactions-proxy drift` lists the names; upgrade, or report them.",),
        verify="No further unknown name.",
        cases=(
            Case(
                (("ixp_protocol_unknown_total{instance='p', kind='field'}", "0x10 1+1x60"),),
                "50m",
                fires=True,
            ),
            Case(
                (("ixp_protocol_unknown_total{instance='p', kind='field'}", "3x90"),),
                "80m",
                fires=False,
            ),
        ),
    ),
)
