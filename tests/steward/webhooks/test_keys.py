from __future__ import annotations

import orjson
import pytest

from proxy.emulator.deliveries.keys import key_pair
from proxy.steward.asking import NotAnswered, Told
from proxy.steward.webhooks.keys import AGAIN_S, KEPT_S, PublishedKeys
from tests.steward.still import StillClock, StillGateway

PAIR = key_pair(7)
PUBLISHED = Told(200, None, orjson.dumps(PAIR.key_set()))


async def test_keys_are_fetched_once_and_anew_when_they_are_old() -> None:
    clock, gateway = StillClock(), StillGateway(PUBLISHED)
    keys = PublishedKeys(gateway, clock.clocks.mono_s)

    for at_s in (0.0, KEPT_S - 1, KEPT_S + 1):
        clock.at_s = at_s
        assert list(await keys.having(PAIR.kid)) == [PAIR.kid]

    assert [target for target, _ in gateway.asked] == ["/.well-known/jwks.json"] * 2


async def test_unknown_keys_do_not_make_a_stream_of_questions() -> None:
    clock, gateway = StillClock(), StillGateway(PUBLISHED)
    keys = PublishedKeys(gateway, clock.clocks.mono_s)

    for second in range(100):
        clock.at_s = float(second)
        await keys.having(f"made-up-{second}")

    assert len(gateway.asked) == 1 + 99 // AGAIN_S


async def test_an_error_of_upstream_leaves_the_keys_as_they_were() -> None:
    clock, gateway = StillClock(), StillGateway(PUBLISHED)
    keys = PublishedKeys(gateway, clock.clocks.mono_s)
    await keys.having(PAIR.kid)
    clock.at_s, gateway.told = KEPT_S + 1, Told(500, None, b"{}")

    assert list(await keys.having(PAIR.kid)) == [PAIR.kid]


async def test_a_gateway_that_is_away_is_said() -> None:
    keys = PublishedKeys(StillGateway(), StillClock().clocks.mono_s)

    with pytest.raises(NotAnswered):
        await keys.having(PAIR.kid)
