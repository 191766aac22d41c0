"""Interactions by any of their properties: a page of them, how many there are, when they were, what they are like.

The statements are put together from fixed pieces, one for each filter that is given; values are bound.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import duckdb

from proxy.errors import StoreError

PAGE_MAX: Final = 500
"""Rows of one page; a screen shows fifty."""
BUCKETS: Final = 60
"""Of the histogram: one bar for some ten pixels."""
FACET_MAX: Final = 50
"""Values of one property that are counted, the most frequent."""

_FILTERS: Final = {
    "status": "coalesce(i.status, 'unknown') = $status",
    "model": "coalesce(i.model, i.agent) = $model",
    "client": "i.client = $client",
    "store": "i.store = $store",
    "error": "i.error_code = $error",
    "kind": "CASE $kind WHEN 'background' THEN i.is_background WHEN 'streaming' THEN i.is_streaming"
    " WHEN 'deleted' THEN i.deleted_at IS NOT NULL WHEN 'open' THEN NOT i.is_terminal"
    " WHEN 'failed' THEN i.error_code IS NOT NULL OR i.status = 'failed'"
    " WHEN 'agent' THEN i.agent IS NOT NULL ELSE TRUE END",
    "tokens_min": "i.total_tokens >= $tokens_min",
    "tokens_max": "i.total_tokens <= $tokens_max",
    "cost_min": "c.amount_pico_usd >= $cost_min * 1e12",
    "cost_max": "c.amount_pico_usd <= $cost_max * 1e12",
    "slower_s": "i.create_duration_ns >= $slower_s * 1e9",
    "tool": "i.id_hash IN (SELECT s.id_hash FROM steps AS s"
    " WHERE s.seen_at >= $since - INTERVAL 1 DAY AND (s.type = $tool OR s.name = $tool))",
    "label": "i.id_hash IN (SELECT o.id_hash FROM observations AS o"
    " WHERE list_contains(string_split(o.label_index, ','), $label))",
    "conversation": "i.root_hash::VARCHAR = $conversation",
    "words": "(starts_with(i.interaction, $words) OR contains(i.interaction, $words)"
    " OR contains(lower(coalesce(i.model, i.agent, '')), lower($words))"
    " OR i.previous_interaction_id = $words OR i.create_exchange = $words)",
}
"""By the field of Wanted. `i` are interactions, `c` their costs. Steps are seen after their interaction was created; whose
clock tells that may be Google's, hence the day."""
_ORDERS: Final = {
    "created": "i.created_at",
    "tokens": "i.total_tokens",
    "cost": "c.amount_pico_usd",
    "duration": "i.create_duration_ns",
}
SORTS: Final = tuple(_ORDERS)
_SHOWN: Final = (
    *("interaction", "created_at", "ended_at", "status", "is_terminal", "model", "agent"),
    *("client", "sdk", "store", "is_background", "is_streaming", "error_code", "tool_types"),
    *("input_tokens", "cached_tokens", "output_tokens", "thought_tokens", "total_tokens"),
    *("input_step_count", "output_step_count", "function_call_count", "create_duration_ns"),
    *("first_event_ns", "exchange_count", "previous_interaction_id", "deleted_at", "root_hash"),
)
_COSTS: Final = (
    " LEFT JOIN (SELECT interaction, id_hash, amount_pico_usd, unpriced_count = 0 AS is_complete"
    " FROM cost_sums WHERE id_hash IN (SELECT p.id_hash FROM picked AS p)) AS c"
    " ON c.id_hash = i.id_hash AND c.interaction = i.interaction"
)
"""Of those that fit: not the view costs_by_interaction, which would work out all interactions once more."""

_AMONG: Final = (
    " AND i.id_hash IN (SELECT hash_of(a.name) FROM (SELECT unnest($among::VARCHAR[]) AS name) AS a)"
    " AND list_contains($among::VARCHAR[], i.interaction)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which interactions; None: any."""

    since: dt.datetime
    """Created from then on; UTC without a zone."""
    until: dt.datetime
    """Created before."""
    status: str | None = None
    model: str | None = None
    """Model or agent."""
    client: str | None = None
    store: str | None = None
    error: str | None = None
    kind: str | None = None
    """background, streaming, deleted, open, failed, agent."""
    tool: str | None = None
    """Type of a step, or name of a function, that occurs in it."""
    label: str | None = None
    """The blind index of a label: recording.secrecy.labels.label_mac."""
    conversation: str | None = None
    words: str | None = None
    """Part of an id or of a model's name."""
    tokens_min: int | None = None
    tokens_max: int | None = None
    cost_min: float | None = None
    """US dollars."""
    cost_max: float | None = None
    slower_s: float | None = None


def page_of(
    cursor: duckdb.DuckDBPyConnection,
    wanted: Wanted,
    sort: str,
    limit: int,
    offset: int,
    among: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """Rows from `offset` on in the order `sort` (one of SORTS), the highest first, with their costs.

    `among`: of these interactions alone.

    Raises:
        StoreError: the tables refused.
    """
    columns = ", ".join(f"i.{name}" for name in _SHOWN)
    where, costs, values = _where(wanted)
    if among is not None:
        where, values = f"{where}{_AMONG}", values | {"among": list(among)}
    order = f" ORDER BY {_ORDERS[sort]} DESC NULLS LAST, i.created_at DESC, i.interaction DESC"
    page = " LIMIT $limit OFFSET $offset"
    if sort == "cost" or costs != "TRUE":
        # By cost the page is found first, of few columns: those of all that fit are more than the memory.
        statement = (
            "WITH picked AS MATERIALIZED (SELECT i.id_hash, i.interaction, i.created_at,"  # noqa: S608 - fixed pieces
            f" i.total_tokens, i.create_duration_ns FROM interactions AS i WHERE {where}),"
            " page AS MATERIALIZED (SELECT i.id_hash, i.interaction, c.amount_pico_usd, c.is_complete"
            f" FROM picked AS i{_COSTS} WHERE {costs}{order}{page})"
            f" SELECT {columns}, c.amount_pico_usd AS cost_pico_usd, c.is_complete AS is_cost_complete"
            " FROM interactions AS i INNER JOIN page AS c"
            f" ON c.id_hash = i.id_hash AND c.interaction = i.interaction{order}"
        )
    else:
        statement = (
            f"WITH picked AS MATERIALIZED (SELECT {columns}, i.id_hash"  # noqa: S608 - fixed pieces
            f" FROM interactions AS i WHERE {where}{order}{page})"
            f" SELECT {columns}, c.amount_pico_usd AS cost_pico_usd, c.is_complete AS is_cost_complete"
            f" FROM picked AS i{_COSTS}{order}"
        )
    return _asked(cursor, statement, values | {"limit": limit, "offset": offset})


def names_of(cursor: duckdb.DuckDBPyConnection, wanted: Wanted, limit: int) -> list[str]:
    """The first names of the pages by the time of creation: those of many cost as much as one page.

    Raises:
        StoreError: the tables refused.
    """
    where, costs, values = _where(wanted)
    statement = (
        "WITH picked AS MATERIALIZED (SELECT i.id_hash, i.interaction, i.created_at"  # noqa: S608 - fixed pieces
        f" FROM interactions AS i WHERE {where})"
        f" SELECT i.interaction FROM picked AS i{_COSTS if costs != 'TRUE' else ''} WHERE {costs}"
        f" ORDER BY {_ORDERS['created']} DESC NULLS LAST, i.interaction DESC LIMIT $limit"
    )
    return [row["interaction"] for row in _asked(cursor, statement, values | {"limit": limit})]


def summary_of(cursor: duckdb.DuckDBPyConnection, wanted: Wanted) -> dict[str, Any]:
    """How many they are, their tokens, cost and failures, and the same for each of BUCKETS spans of time.

    Raises:
        StoreError: the tables refused.
    """
    where, costs, values = _where(wanted)
    span_us = max(1, int((wanted.until - wanted.since) / dt.timedelta(microseconds=1)))
    width_us = -(-span_us // BUCKETS)
    statement = (
        "WITH picked AS MATERIALIZED (SELECT i.id_hash, i.interaction, i.created_at, i.total_tokens,"  # noqa: S608 - fixed pieces
        f" i.error_code, i.status FROM interactions AS i WHERE {where})"
        " SELECT ((epoch_us(i.created_at) - epoch_us($since)) // $width_us)::INTEGER AS bucket,"
        " count(*) AS count, sum(i.total_tokens)::BIGINT AS tokens,"
        " sum(c.amount_pico_usd)::DOUBLE AS cost_pico_usd,"
        " count(*) FILTER (WHERE NOT coalesce(c.is_complete, FALSE)) AS unpriced_count,"
        " count(*) FILTER (WHERE i.error_code IS NOT NULL OR i.status = 'failed') AS failed_count"
        f" FROM picked AS i{_COSTS} WHERE {costs} GROUP BY bucket ORDER BY bucket"
    )
    buckets = _asked(cursor, statement, values | {"width_us": width_us})
    return {
        "count": sum(each["count"] for each in buckets),
        "tokens": sum(each["tokens"] or 0 for each in buckets),
        "cost_pico_usd": sum(each["cost_pico_usd"] or 0 for each in buckets),
        "unpriced_count": sum(each["unpriced_count"] for each in buckets),
        "failed_count": sum(each["failed_count"] for each in buckets),
        "bucket_us": width_us,
        "buckets": buckets,
    }


def facets_of(cursor: duckdb.DuckDBPyConnection, wanted: Wanted) -> dict[str, list[dict[str, Any]]]:
    """Which values there are to filter by in that time, with how many interactions have them.

    Raises:
        StoreError: the tables refused.
    """
    span = {"since": wanted.since, "until": wanted.until}
    statement = (
        "WITH f AS (SELECT coalesce(status, 'unknown') AS status, coalesce(model, agent) AS model,"
        " client, store, error_code AS error FROM interactions"
        " WHERE created_at >= $since AND created_at < $until),"
        " long AS (UNPIVOT f ON status, model, client, store, error INTO NAME facet VALUE value)"
        " SELECT facet, value, count(*) AS count FROM long GROUP BY ALL ORDER BY count DESC, value"
    )
    tools = (
        "SELECT coalesce(name, type) AS value, count(DISTINCT interaction) AS count FROM steps"
        " WHERE seen_at >= $since AND seen_at < $until"
        " AND (name IS NOT NULL OR ends_with(type, '_call'))"
        " GROUP BY value ORDER BY count DESC, value LIMIT $limit"
    )
    found: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("status", "model", "client", "store", "error")
    }
    for row in _asked(cursor, statement, span):
        values = found[row["facet"]]
        if len(values) < FACET_MAX:
            values.append({"value": row["value"], "count": row["count"]})
    found["tool"] = _asked(cursor, tools, span | {"limit": FACET_MAX})
    return found


def _where(wanted: Wanted) -> tuple[str, str, dict[str, Any]]:
    """Conditions of interactions, those of their costs, and values."""
    given = {each.name: getattr(wanted, each.name) for each in fields(wanted)}
    values = {name: value for name, value in given.items() if value is not None}
    pieces = ["i.created_at >= $since", "i.created_at < $until"]
    pieces += [piece for name, piece in _FILTERS.items() if name in values]
    costs = [piece for piece in pieces if piece.startswith("c.")]
    others = [piece for piece in pieces if not piece.startswith("c.")]
    return " AND ".join(others), " AND ".join(costs) or "TRUE", values


def _asked(
    cursor: duckdb.DuckDBPyConnection, statement: str, values: dict[str, Any]
) -> list[dict[str, Any]]:
    try:
        done = cursor.execute(statement, values)
        names = [each[0] for each in done.description]
        return [dict(zip(names, row, strict=True)) for row in done.fetchall()]
    except duckdb.Error as error:
        raise StoreError(f"interactions could not be looked for: {error}") from error
