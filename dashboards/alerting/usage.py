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
                        "0+0.01x1200 12+1x120",
                    ),
                ),
                "1300m",
                fires=True,
            ),
            Case(
                (("ixp_cost_usd_total{instance='p', model='m', item='output'}", "0+0.1x1400"),),
                "1300m",
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
                    (_TOKENS % "input", "0+100000x1600"),
                    (_TOKENS % "cached_input", "0+80000x1300 104000000+1000x300"),
                ),
                "1500m",
                fires=True,
            ),
            Case(
                ((_TOKENS % "input", "5x1600"), (_TOKENS % "cached_input", "5x1600")),
                "1500m",
                fires=False,
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
