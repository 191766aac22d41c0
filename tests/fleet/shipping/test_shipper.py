from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from proxy.errors import StoreError
from proxy.fleet.shipping.shipper import Shipper, orders_in
from proxy.recording.facts import ActFact
from proxy.store.position import VAULT_START, FactBatch, VaultPosition
from tests.fleet.shipping.shelves import Shelf, sealed
from tests.fleet.standin import StandIn, with_tables
from tests.store.samples import fact
from tests.store.vault.built import CURSORS, VaultFolder, append, finished, meant


def act(kind: str, actor: str = "anna", **data: object) -> ActFact:
    told = orjson.dumps(data).decode()
    return fact(ActFact, kind=kind, actor=actor, act="a" * 32, interaction="v1_one", data=told)


def recorded(data: VaultFolder) -> FactBatch:
    """One exchange with digests of what was said."""
    vault = data.open()
    whole = meant(1, (b'{"type":"text"}',))
    steps = tuple(replace(step, chain_mac="digest-of-it") for step in whole.steps)
    vault.append(finished(1), replace(whole, steps=steps))
    append(vault, 2, b'{"type":"text"}')
    vault.commit(CURSORS)
    return data.told()


def made(data: VaultFolder) -> tuple[StandIn, Shelf, Shipper]:
    link, shelf = with_tables(), Shelf()
    return link, shelf, Shipper(link, "eu-1", sealed(data, shelf))


def test_a_batch_brings_its_rows_its_objects_and_its_position(data: VaultFolder) -> None:
    batch = recorded(data)
    link, shelf, shipper = made(data)

    assert shipper.ship(batch, VAULT_START) == 2

    assert link.lake("SELECT count(*), count(proxy) FROM lake.exchanges") == [(2, 2)]
    assert {f"sealed/eu-1/{name}" for (name,) in link.lake("SELECT digest FROM lake.objects")} == (
        set(shelf.objects)
    )
    (told,) = link.told
    assert (told["from"], told["to"]) == (["", 0], [batch.position.file, batch.position.offset])


def test_no_row_names_an_object_that_is_not_there(data: VaultFolder) -> None:
    batch = recorded(data)
    link, shelf, shipper = made(data)
    shelf.is_away = True

    with pytest.raises(StoreError):
        shipper.ship(batch, VAULT_START)

    assert link.lake("SELECT count(*) FROM lake.objects") == [(0,)]
    assert link.told == []


def test_an_erasure_takes_digests_and_objects_of_what_was_shipped_before(data: VaultFolder) -> None:
    batch = recorded(data)
    link, shelf, shipper = made(data)
    shipper.ship(batch, VAULT_START)
    name = batch.exchanges[0].recording.exchange.exchange
    gone = act("erased", erasure="e", exchanges=[name])
    after = VaultPosition(batch.position.file, batch.position.offset + 1)

    shipper.ship(FactBatch((), (), (gone,), after), batch.position)

    assert link.lake("SELECT count(*), count(chain_mac) FROM lake.steps") == [(2, 0)]
    left = link.lake("SELECT exchange, digest FROM lake.objects")
    assert name not in {exchange for exchange, _ in left}
    assert set(shelf.objects) == {f"sealed/eu-1/{digest}" for _, digest in left}
    assert link.told[-1]["has_erased"]
    locks = [text for text, _ in link.asked if "pg_advisory_lock" in text]
    assert ["_shared" in lock for lock in locks[-2:]] == [True, False], "who erases has it alone"


def test_an_erasure_reaches_what_was_put_with_it_while_no_key_was_found(data: VaultFolder) -> None:
    batch = recorded(data)
    link, shelf, shipper = made(data)
    (slots,) = (data.folder / "keys" / "slots").iterdir()
    slots.rename(data.folder / "away")
    names = [each.recording.exchange.exchange for each in batch.exchanges]
    gone = act("erased", erasure="e", exchanges=names)

    shipper.ship(replace(batch, acts=(gone,)), VAULT_START)

    assert link.lake("SELECT count(*) FROM lake.objects") == [(0,)]
    assert shelf.objects == {}


def test_what_one_proxy_decides_is_ordered_of_the_others() -> None:
    acts = [
        act("erased", interactions=["v1_one", "v1_two"]),
        act("hold", reach="conversation"),
        act("release", hold="b" * 32),
        act("disposal", step="x"),
    ]

    assert orders_in(acts) == [
        ["erase", "a" * 32, "v1_one", None],
        ["erase", "a" * 32, "v1_two", None],
        ["hold", "a" * 32, "v1_one", "conversation"],
        ["release", "a" * 32, "v1_one", "b" * 32],
    ]


def test_an_order_says_how_far_the_erasure_went() -> None:
    (order,) = orders_in([act("erased", interactions=["v1_one"], reach="thread", quoted=True)])

    assert (order[0], orjson.loads(order[3])) == ("erase", {"reach": "thread", "quoted": True})


def test_an_order_sets_aside_what_the_erasure_set_aside() -> None:
    """One decision about one record; locks and holds of the others hold all the same, as here."""
    (order,) = orders_in([act("erased", interactions=["v1_one"], bypass=True)])

    assert orjson.loads(order[3]) == {"bypass": True}


def test_what_follows_from_another_proxys_order_is_no_order() -> None:
    assert orders_in([act("erased", "fleet", interactions=["v1_one"]), act("hold", "fleet")]) == []
