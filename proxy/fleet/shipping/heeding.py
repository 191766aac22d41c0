"""What other proxies decided, told to this one's recorder: erasures, holds, releases. Each until it was heeded."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from proxy.errors import StoreError
from proxy.fleet.engine.link import Link
from proxy.fleet.shipping.staging import ACTOR
from proxy.reading.watching.calling import RecorderConnection

PORTION: Final = 1000
"""Orders of one round: no more than one call to the recorder may name (proxy/audit/erasure/wish.py)."""
HEED_S: Final = 10
"""Of one round: each erasure may wait 5 s for the recorder's tables, and shipping and leases wait meanwhile."""
_HEEDED: Final = 200
_REFUSED: Final = 400
_ORDERS_SQL: Final = """
    SELECT id, proxy, kind, act, interaction, data
    FROM fleet.orders
    WHERE proxy <> %(proxy)s
        AND NOT EXISTS (
            SELECT FROM fleet.heeded
            WHERE heeded.proxy = %(proxy)s AND heeded.id = orders.id
        )
    ORDER BY kind <> 'hold', id
    LIMIT %(portion)s
"""
"""Holds first: they keep what an erasure would take."""

Tell = Callable[[str, dict[str, Any]], int]
"""POST this to that path of the recorder; returns the HTTP status. Raises StoreError: it does not answer."""


@dataclass(frozen=True, slots=True)
class Order:
    """One row of fleet.orders."""

    id: int
    proxy: str
    kind: str
    """erase, hold, release."""
    act: str
    interaction: str | None
    data: str | None
    """Of a hold how far it reaches, of a release its hold; of an erasure, as JSON, how far it went, if not just there."""


def heed(link: Link, proxy: str, tell: Tell, clock_ns: Callable[[], int]) -> int:
    """Have the recorder do what others ordered, for HEED_S at most; returns how many were heeded.

    Raises:
        StoreError: the catalog or the recorder does not answer.
    """
    count = 0
    until_ns = clock_ns() + HEED_S * 1_000_000_000
    rows = link.ask_named(_ORDERS_SQL, {"proxy": proxy, "portion": PORTION})
    for _, together in groupby((Order(*row) for row in rows), _asked_with):
        count += _heed_some(link, proxy, tell, list(together))
        if clock_ns() >= until_ns:
            break
    return count


def _asked_with(order: Order) -> tuple[object, ...]:
    """What one act erased is erased by one call; all else by one each."""
    return (order.proxy, order.act) if order.kind == "erase" else (order.id,)


def _heed_some(link: Link, proxy: str, tell: Tell, orders: Sequence[Order]) -> int:
    path, told = asked_of_recorder(orders)
    status = tell(path, told)
    if status not in {_HEEDED, _REFUSED}:
        raise StoreError(f"the recorder answered {path} of the fleet with {status}")
    # Refused: it never saw any of these interactions, or has no such hold. That is for good, too.
    said = "done" if status == _HEEDED else "not known here"
    link.ask(
        "INSERT INTO fleet.heeded (proxy, id, said) SELECT %s, unnest(%s::bigint[]), %s ON CONFLICT DO NOTHING",
        proxy,
        [order.id for order in orders],
        said,
    )
    return len(orders) if status == _HEEDED else 0


def asked_of_recorder(orders: Sequence[Order]) -> tuple[str, dict[str, Any]]:
    """Path and body, of several where one act erased them. A hold has one number in the whole fleet: its release finds it."""
    order = orders[0]
    if order.kind == "erase":
        told = {"ids": [each.interaction for each in orders], "pass_unknown": True, "actor": ACTOR}
        told |= {"reason": f"erased at {order.proxy} by {order.act}"}
        return "/erase", told | (json.loads(order.data) if order.data else {})
    act: dict[str, Any] = {"kind": order.kind, "actor": ACTOR, "interaction": order.interaction}
    if order.kind == "hold":
        detail = f"held at {order.proxy}"
        act |= {"act": order.act, "detail": detail, "data": {"reach": order.data}}
    else:
        act |= {"detail": f"released at {order.proxy}", "data": {"hold": order.data}}
    return "/acts", {"acts": [act]}


def teller(socket_path: Path) -> Tell:
    """Over the recorder's Unix socket."""

    def tell(path: str, told: dict[str, Any]) -> int:
        connection = RecorderConnection(socket_path)
        try:
            connection.request("POST", path, json.dumps(told))
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise StoreError(f"the recorder does not answer the fleet: {error}") from error
        finally:
            connection.close()
        return answer.status

    return tell
