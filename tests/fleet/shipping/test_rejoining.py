from __future__ import annotations

import pytest

from proxy.errors import StoreError
from proxy.fleet.shipping import rejoining
from proxy.fleet.shipping.rejoining import shared_position, without_known
from proxy.recording.facts import ActFact
from proxy.store.position import VAULT_START, FactBatch, VaultPosition
from tests.fleet.standin import StandIn, with_tables
from tests.store.samples import fact
from tests.store.vault.built import CURSORS, VaultFolder, append


def recorded(data: VaultFolder, count: int) -> list[tuple[str, VaultPosition]]:
    """So many commits of one exchange: its name, and where the commit ends."""
    vault = data.open()
    for sequence in range(1, count + 1):
        append(vault, sequence)
        vault.commit(CURSORS)
    return [
        (batch.exchanges[0].recording.exchange.exchange, batch.position)
        for batch in data.reader().follow(batch_rows=1)
    ]


def has(link: StandIn, names: list[str], proxy: str = "eu-1") -> None:
    for name in names:
        link.rows.execute(
            "INSERT INTO lake.exchanges (exchange, proxy) VALUES (?, ?)", [name, proxy]
        )


@pytest.mark.parametrize("portion", [1, 2, 1000])
@pytest.mark.parametrize("known", [0, 1, 3, 4])
def test_it_is_the_last_commit_up_to_which_the_lake_has_everything(
    data: VaultFolder, monkeypatch: pytest.MonkeyPatch, known: int, portion: int
) -> None:
    monkeypatch.setattr(rejoining, "COMMITS", portion)
    commits, link = recorded(data, 4), with_tables()
    has(link, [name for name, _ in commits[:known]])
    has(link, [name for name, _ in commits], "eu-2")

    found = shared_position(data.reader(), link.rows, "eu-1")

    assert found == (commits[known - 1][1] if known else VAULT_START)


@pytest.mark.parametrize("portion", [1, 2, 1000])
def test_what_the_lake_has_beyond_a_gap_is_not_shipped_twice(
    data: VaultFolder, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    monkeypatch.setattr(rejoining, "COMMITS", portion)
    commits, link = recorded(data, 4), with_tables()
    has(link, [commits[0][0], commits[2][0]])

    with pytest.raises(StoreError, match="but not the next one"):
        shared_position(data.reader(), link.rows, "eu-1")


def test_an_act_that_the_vault_is_told_of_again_is_in_the_lake_once() -> None:
    link = with_tables()
    link.rows.execute("INSERT INTO lake.acts (act, proxy) VALUES ('told', 'eu-1'), ('new', 'eu-2')")
    acts = tuple(fact(ActFact, kind="erasure", act=each) for each in ("told", "new", None))

    found = without_known(FactBatch((), (), acts, VAULT_START), link.rows, "eu-1")

    assert [act.act for act in found.acts] == ["new", None]


def test_the_lake_is_not_asked_about_a_batch_without_erasures() -> None:
    without_tables = StandIn()
    batch = FactBatch((), (), (fact(ActFact, kind="query", act="told"),), VAULT_START)

    assert without_known(batch, without_tables.rows, "eu-1") == batch
