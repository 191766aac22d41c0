"""What does it cost? Money from the records, trends from the metrics."""

from __future__ import annotations

from typing import Final

from dashboards.declare import Board, Panel, Query, Row, Shipped, count, or_nothing, share, total

_INPUT: Final = or_nothing(total("ixp_tokens_total", labels='type="input"'))
_SPAN: Final = (("from", "${__from:date:iso}"), ("to", "${__to:date:iso}"))

COST: Final = Board(
    "ixp-cost",
    "Interactions Proxy / Cost and tokens",
    "Sums come from the records and are exact; lines come from metrics and show the trend.",
    (
        Row(
            "From the records",
            (
                Panel(
                    "Cost by model and day",
                    "By the price book of the day; a model without a price stands apart, it is not free.",
                    "table",
                    (Shipped("cost_by_model", _SPAN),),
                ),
                Panel(
                    "Most expensive interactions",
                    "Each leads to its record.",
                    "table",
                    (Shipped("most_expensive_interactions", _SPAN),),
                ),
            ),
        ),
        Row(
            "Trends",
            (
                Panel(
                    "Spending rate",
                    "Estimated US dollars per hour. For trend and alarms; the records above are the account.",
                    "lines",
                    (Query(f"3600 * {total('ixp_cost_usd_total', 'model')}", "{{model}}"),),
                    "currencyUSD",
                ),
                Panel(
                    "What is paid for",
                    "Estimated US dollars in the span shown, by item.",
                    "bars",
                    (Query(count("ixp_cost_usd_total", by="item")),),
                    "currencyUSD",
                ),
                Panel(
                    "Tokens by type",
                    "Per second; input includes cached input.",
                    "stacked",
                    (Query(total("ixp_tokens_total", "type"), "{{type}}"),),
                ),
                Panel(
                    "Cache hits",
                    "Cached share of input tokens. A fall means prompts changed at their beginning.",
                    "lines",
                    (
                        Query(
                            share(
                                or_nothing(total("ixp_tokens_total", labels='type="cached_input"')),
                                f"({_INPUT})",
                            ),
                            "cached",
                        ),
                    ),
                    "percentunit",
                    most=1,
                ),
                Panel(
                    "Unpriced interactions",
                    "Models or units the price book does not know: their cost is missing above.",
                    "stat",
                    (Query(count("ixp_unpriced_interactions_total")),),
                    "short",
                    ((1, "red"),),
                    height=5,
                ),
            ),
        ),
    ),
    has_audit=True,
    begins="now-7d",
)
