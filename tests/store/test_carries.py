"""`carries` names every exchange that holds an interaction's content, as a search for plaintext does."""

from __future__ import annotations

import os
import random
from collections import Counter

from proxy.recording.exchange import Exchange
from proxy.recording.interpret import interpret
from proxy.recording.repeats.marks import DAY_NS
from proxy.recording.secrecy.equality import Equality
from proxy.store.database import Database
from tests.store.histories import Histories
from tests.store.samples import batch

HISTORIES = int(os.environ.get("CARRIES_HISTORIES", "40"))
"""Random histories; the issue asks for 1,000, `make full` makes them."""
ONE_OF = 6
"""Of those that are quoted so many are not asked for alone."""
OF_ONE = "SELECT exchange, interaction, how FROM carries_of(hash_of($name), $name)"


def equality(wall_ns: int) -> Equality:
    """A key for each day."""
    return Equality(b"%d" % (wall_ns // DAY_NS))


def searched(histories: Histories) -> Counter[tuple[str, str]]:
    """(exchange, interaction) wherever a canary of the interaction stands in the bodies."""
    owners = {canary: said.name for said in histories.said for canary in said.canaries}
    return Counter(
        {
            (str(exchange.id), owner): 1
            for exchange in histories.exchanges
            for word in words(exchange)
            if (owner := owners.get(word)) is not None
        }
    )


def words(exchange: Exchange) -> set[str]:
    """Canaries have letters and digits only, and an underscore."""
    text = (exchange.request.data + b" " + exchange.response.data).decode()
    for mark in '\\"., ':
        text = text.replace(mark, " ")
    return set(text.split())


def test_carries_is_what_a_search_for_plaintext_finds(database: Database) -> None:
    histories = Histories(random.Random(20261123))
    for _ in range(HISTORIES):
        histories.add()
    database.ingest(batch(*(interpret(each, equality) for each in histories.exchanges)))

    told = database.cursor().execute("SELECT exchange, interaction, how FROM carries").fetchall()

    named = {said.name for said in histories.said}
    pairs = Counter((exchange, interaction) for exchange, interaction, _ in told)
    assert {pair: count for pair, count in pairs.items() if pair[1] in named} == searched(histories)
    assert {how for *_, how in told} == {"created", "read", "resumed", "quoted"}
    some = sorted({interaction for _, interaction, how in told if how == "quoted"})[::ONE_OF]
    assert some
    for name in some:
        found = database.cursor().execute(OF_ONE, {"name": name}).fetchall()
        assert sorted(found) == sorted({row for row in told if row[1] == name})
