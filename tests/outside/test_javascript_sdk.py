"""@google/genai, newest: Node's fetch underneath, an empty cookie header on every call."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.outside.conftest import PROGRAMS, Play, Witness, required


@pytest.fixture(scope="module")
def witness(play: Play) -> Witness:
    node = shutil.which("node")
    assert node is not None, "node is missing: install Node.js 20 or newer"
    return play([node, str(PROGRAMS / "play.mjs"), required("SDK_JS_FOLDER")])


def test_each_result_is_the_same_as_that_of_the_direct_call(witness: Witness) -> None:
    assert witness.through == witness.directly
    assert len(witness.through) >= 8


def test_upstream_receives_the_same_requests(witness: Witness) -> None:
    through, directly = (
        [_without_hops(line) for line in place.emulator.ledger("received")]
        for place in (witness.proxied, witness.direct)
    )

    assert through == directly


def test_the_records_know_the_language_and_the_steps(witness: Witness) -> None:
    languages = witness.proxy.rows("SELECT DISTINCT language[:7] FROM exchanges")
    types = witness.proxy.rows("SELECT DISTINCT type FROM steps WHERE side = 'output'")

    assert languages == [("gl-node",)]
    assert {type_ for (type_,) in types} >= {"thought", "google_search_call", "model_output"}


def _without_hops(line: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in line["header_names"] if name.lower() != "connection"]
    return {**line, "header_names": names}
