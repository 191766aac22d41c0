from __future__ import annotations

from proxy.steward.asking import Gateway
from proxy.steward.disposal.reaching import MODELS, Reach
from proxy.steward.schedule import Allowance
from tests.audit.ledger.rows_made import copy_row
from tests.steward.disposal.standing import CREDENTIAL, Tables, Upstream


def reach(tables: Tables, steward: Gateway, verifier: Gateway, per_s: float = 100.0) -> Reach:
    return Reach(tables, steward, verifier, CREDENTIAL, (Allowance(per_s, 0.0), lambda: 0.0))


async def test_deletes_go_as_the_steward_and_looks_as_verification() -> None:
    steward, verifier = Upstream("v1_a"), Upstream("v1_a")
    one = reach(Tables(), steward, verifier)

    answers = [
        await one.look(copy_row()),
        await one.delete(copy_row()),
        await one.cancel(copy_row()),
    ]

    assert [method for method, _ in steward.asked] == ["DELETE", "POST"]
    assert verifier.asked == [("GET", "v1_a")]
    assert [answer.status for answer in answers[:2]] == [200, 200]


async def test_a_line_that_breaks_is_no_answer() -> None:
    upstream = Upstream("v1_a")
    upstream.answers["DELETE"] = [None]

    assert (await reach(Tables(), upstream, upstream).delete(copy_row())).status is None


async def test_no_more_goes_than_the_rate_allows_and_nothing_while_upstream_is_busy() -> None:
    upstream = Upstream("v1_a")
    upstream.answers["GET"] = [429]
    one = reach(Tables(), upstream, upstream, per_s=2.0)

    assert one.allowed(list("abcdefgh")) == list("abcd")
    busy = reach(Tables(), upstream, upstream)
    await busy.look(copy_row())
    assert busy.allowed(["a"]) == []


async def test_a_control_is_another_copy_else_the_list_of_models() -> None:
    tables, upstream = Tables(), Upstream()
    one = reach(tables, upstream, upstream)

    first = await one.control(0, [])
    tables.controls = []
    second = await one.control(0, [])

    assert first is not None
    assert second is not None
    assert (first.what, first.is_served) == ("v1_control", True)
    assert (second.what, second.is_served) == (MODELS, True)


async def test_nothing_goes_while_it_is_another_stewards_turn() -> None:
    upstream, turns = Upstream("v1_a"), [True, False]
    pace = (Allowance(100.0, 0.0), lambda: 0.0)
    one = Reach(Tables(), upstream, upstream, CREDENTIAL, pace, lambda: turns.pop(0))

    assert (one.allowed(["a"]), one.allowed(["a"])) == (["a"], [])
