"""What other proxies decided, told to this one's recorder: erasures, holds, releases. Each until it was heeded."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from proxy.errors import StoreError
from proxy.fleet.engine.link import Link
from proxy.fleet.shipping.staging import ACTOR
from proxy.reading.watching.calling import RecorderConnection

PORTION: Final = 100
"""Orders of one round."""
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


def heed(link: Link, proxy: str, tell: Tell) -> int:
    """Have the recorder do what others ordered; returns how many were heeded.

    Raises:
        StoreError: the catalog or the recorder does not answer.
    """
    count = 0
    rows = link.ask_named(_ORDERS_SQL, {"proxy": proxy, "portion": PORTION})
    for order in (Order(*row) for row in rows):
        path, told = asked_of_recorder(order)
        status = tell(path, told)
        if status not in {_HEEDED, _REFUSED}:
            raise StoreError(f"the recorder answered {path} of the fleet with {status}")
        # Refused: it never saw that interaction, or has no such hold. That is for good, too.
        said = "done" if status == _HEEDED else "not known here"
        link.ask(
            "INSERT INTO fleet.heeded (proxy, id, said) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            proxy,
            order.id,
            said,
        )
        count += status == _HEEDED
    return count


def asked_of_recorder(order: Order) -> tuple[str, dict[str, Any]]:
    """Path and body. A hold has the same number in the whole fleet, so that its release is found."""
    if order.kind == "erase":
        reason = f"erased at {order.proxy} by {order.act}"
        return "/erase", {"id": order.interaction, "reason": reason, "actor": ACTOR}
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
