"""Panels of the records ask queries that are shipped, with parameters that these take."""

from __future__ import annotations

from typing import Final

import pytest

from dashboards.__main__ import BOARDS
from dashboards.declare import Shipped
from proxy.store.asking.shipped import shipped

ASKED: Final = [
    (f"{board.uid} {panel.title}", query)
    for board in BOARDS
    for panel in board.panels
    for query in panel.queries
    if isinstance(query, Shipped)
]


@pytest.mark.parametrize(("title", "query"), ASKED, ids=[title for title, _ in ASKED])
def test_a_panel_asks_a_shipped_query_with_its_parameters(title: str, query: Shipped) -> None:
    known = shipped()[query.name]

    assert {name for name, _ in query.parameters} <= {each.name for each in known.parameters}, title
