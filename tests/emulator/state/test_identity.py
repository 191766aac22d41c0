"""Ids by the recipe of recordings."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.answers.chance import Chance
from proxy.emulator.state.identity import interaction_id, turn_id


def turns(identity: str | None) -> tuple[bytes, bytes]:
    """The two turn ids inside an interaction id: the first of the conversation, and this one."""
    assert identity is not None
    text = identity.removeprefix("v1_")
    packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert packed[0] == 0x0A
    root = packed[2 : 2 + packed[1]]
    rest = packed[2 + packed[1] :]
    assert rest[0] == 0x12
    assert rest[1] == len(rest) - 2
    return root, rest[2:]


@given(st.integers(0, 2**32 - 1), st.integers())
def test_an_id_holds_its_second_little_endian(now_s: int, seed: int) -> None:
    turn = turn_id(now_s, Chance(seed, 1))

    data = base64.urlsafe_b64decode(turn + "=" * (-len(turn) % 4))
    assert int.from_bytes(data[:4], "little") == now_s
    assert len(turn) in (22, 23)
    assert turns(interaction_id(turn, turn)) == (turn.encode(), turn.encode())
    assert 67 <= len(interaction_id(turn, turn)) <= 70
