from __future__ import annotations

from proxy.audit.policing.knowledge import Kept, Knowledge


def test_the_first_to_create_it_is_its_maker() -> None:
    known = Knowledge()
    known.created("v1_a", "ann")
    known.created("v1_a", "bob")
    known.created("v1_b", None)

    assert [known.maker(name) for name in ("v1_a", "v1_b", "v1_c")] == ["ann", "", None]
    assert len(known) == 2


def test_a_new_turn_of_a_held_conversation_is_held_before_the_records_say_so() -> None:
    known = Knowledge()
    known.keep(Kept({"v1_a": True, "v1_x": False}, frozenset({"v1_gone"})))
    known.created("v1_b", "ann", ["v1_a"])
    known.created("v1_c", "ann", ["v1_b"])
    known.created("v1_y", "ann", ["v1_x"])

    assert [known.is_held(name) for name in ("v1_a", "v1_b", "v1_c")] == [True] * 3
    assert known.is_held("v1_x")
    assert not known.is_held("v1_y"), "a hold on a turn protects those before it, not those behind"
    assert known.has_holds()
    assert known.is_leaving("v1_gone")

    known.keep(Kept({}, frozenset()))
    assert not any(known.is_held(name) for name in ("v1_a", "v1_b", "v1_c"))
    assert not known.has_holds()
