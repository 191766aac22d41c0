from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.errors import FormatError
from proxy.journal.format import ExchangeId
from proxy.store.erasing.tombstones import FILE, Erasure, Tombstones
from tests.store.samples import recording

ERASURE = Erasure("e" * 32, 5, ("v1_one",), ("x0-0000000000000007-1",), "they asked", "ann")


def test_what_was_begun_holds_for_every_later_recorder(tmp_path: Path) -> None:
    begun = replace(ERASURE, reach="thread", with_quoted=True)
    Tombstones.open(tmp_path).begin(begun)

    again = Tombstones.open(tmp_path)

    assert again.erasures() == (begun,)
    assert again.is_erased("v1_one")
    assert again.covers(recording(2, how="read"))
    assert not again.covers(recording(3, interaction="v1_two"))
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_an_erasure_is_settled_and_ends(tmp_path: Path) -> None:
    tombstones = Tombstones.open(tmp_path)
    tombstones.begin(ERASURE)
    tombstones.settle(ERASURE.id, ["a", "b"])
    tombstones.end(ERASURE.id)

    (found,) = Tombstones.open(tmp_path).erasures()

    assert (found.exchanges, found.is_settled, found.is_done) == (("a", "b"), True, True)


def test_a_line_whose_writing_was_cut_off_is_none_and_is_written_over(tmp_path: Path) -> None:
    tombstones = Tombstones.open(tmp_path)
    tombstones.begin(ERASURE)
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"end":"eee')

    again = Tombstones.open(tmp_path)
    again.end(ERASURE.id)

    assert Tombstones.open(tmp_path).erasures()[0].is_done


def test_a_changed_file_is_refused_with_the_place(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"{}\n")

    with pytest.raises(FormatError, match=r"line 1 .* newest backup of keys"):
        Tombstones.open(tmp_path)


def test_what_was_not_kept_is_known_until_its_keys_are_gone(tmp_path: Path) -> None:
    id_ = ExchangeId(0, 7, 1)
    tombstones = Tombstones.open(tmp_path)
    tombstones.note_unkept([id_])
    assert Tombstones.open(tmp_path).unkept == (str(id_),)

    tombstones.unkept_are_gone()

    assert Tombstones.open(tmp_path).unkept == ()


def test_lines_written_at_once_by_two_threads_are_all_there(tmp_path: Path) -> None:
    tombstones = Tombstones.open(tmp_path)
    unkept = [ExchangeId(0, 7, number) for number in range(50)]

    def record() -> None:
        for each in unkept:
            tombstones.note_unkept([each])

    recorder = threading.Thread(target=record)
    recorder.start()
    for number in range(50):
        tombstones.begin(replace(ERASURE, id=f"{number:032x}"))
    recorder.join()

    again = Tombstones.open(tmp_path)
    assert len(again.erasures()) == 50
    assert again.unkept == tuple(str(each) for each in unkept)


def test_what_is_to_go_is_condemned_until_its_key_is_proven_to_be_gone(tmp_path: Path) -> None:
    one, other = (ExchangeId(0, 7, number) for number in (1, 2))
    tombstones = Tombstones.open(tmp_path)
    assert not tombstones.is_condemned(one)

    tombstones.begin(ERASURE)
    assert (tombstones.is_condemned(one), tombstones.is_condemned(other)) == (True, False)
    tombstones.settle(ERASURE.id, [str(one), str(other)])
    tombstones.end(ERASURE.id, [other])
    tombstones.note_unkept([ExchangeId(0, 7, 3)])
    tombstones.unkept_are_gone([ExchangeId(0, 7, 3)])

    again = Tombstones.open(tmp_path)
    assert again.unproven == {str(other): ERASURE.id, str(ExchangeId(0, 7, 3)): ""}
    assert (again.is_condemned(one), again.is_condemned(other)) == (False, True)
    again.prove([other])
    assert not Tombstones.open(tmp_path).is_condemned(other)
