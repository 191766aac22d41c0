"""What else the newest SDKs send: other resources, versions, base paths, timeouts, Vertex paths.

outcomes/neighbours.json holds scripted answers and, by SDK, calls, what was asked on the wire and what
the SDK made of the answer, as captured; a case that is not played says why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.end_to_end.programs import look_until
from tests.end_to_end.stage import Proxy
from tests.outside.facts import TEXT_CHARACTERS
from tests.outside.play import Outcomes, Play
from tests.outside.scripted import Cases, Scripted, whole
from tests.outside.sdks import PLAYERS, Player
from tests.outside.tables import OUTCOMES

TOLD: Final[dict[str, Any]] = json.loads((OUTCOMES / "neighbours.json").read_text("utf-8"))
CASES: Final = TOLD["cases"]
CAPTURED: Final = ("python-3.4.0", "javascript-3.1.0")
"""The versions that the table is of."""
NEWEST: Final = tuple(player for player in PLAYERS if player.sdk.name in CAPTURED)


@dataclass(frozen=True, slots=True)
class Played:
    """One player's cases, directly and through the proxy."""

    player: Player
    cases: dict[str, Any]
    """What was captured of this SDK."""
    directly: Outcomes
    through: Outcomes
    direct: Scripted
    proxied: Scripted
    proxy: Proxy

    def asked(self, far: Scripted) -> dict[str, list[str]]:
        """By case: method and target of each request."""
        return {
            case: [
                b" ".join(request.lines[0].split(b" ")[:2]).decode()
                for request in far.requests(str(self.player), case)
            ]
            for case in self.cases
        }


@pytest.fixture(scope="module", params=NEWEST, ids=str)
def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("neighbours")
    player: Player = request.param
    cases = _played_by(player)
    direct, proxied = Scripted(_answers()), Scripted(_answers())
    proxy = Proxy(folder, proxied.url)
    clients = {name: case["client"] for name, case in cases.items() if "client" in case}
    acts = [[name, *case["call"]] for name, case in cases.items()]
    play = Play(player, f"{player}/{{name}}", acts, abreast=True, clients=clients)
    yield Played(
        player, cases, *play.at_both(direct.url, proxy.url, folder), direct, proxied, proxy
    )
    print(proxy.program.log_tail())
    proxy.stop()
    direct.close()
    proxied.close()


def test_it_makes_of_each_answer_what_was_captured(played: Played) -> None:
    found = {}
    for name, case in played.cases.items():
        captured = {fact: value for fact, value in case["made"].items() if fact != "asked"}
        now = _made(played.through[name], captured)
        if now != captured:
            found[name] = captured, now, played.through[name]

    assert found == {}


def test_values_are_the_same_to_the_last_field(played: Played) -> None:
    assert played.through == played.directly


def test_it_asks_as_captured(played: Played) -> None:
    captured = {name: case["made"].get("asked", []) for name, case in played.cases.items()}

    assert played.asked(played.proxied) == captured


def test_every_request_arrives_as_it_was_sent(played: Played) -> None:
    player = str(played.player)
    for case in played.cases:
        sent = [(one.lines, one.body) for one in played.direct.requests(player, case)]
        arrived = [(one.lines, one.body) for one in played.proxied.requests(player, case)]
        assert sent == arrived


def test_every_request_is_recorded(played: Played) -> None:
    """Also those to the upload's URL, which the far end named; also those that a client left."""
    asked = sum(map(len, played.asked(played.proxied).values()))

    def recorded() -> bool | None:
        return played.proxy.rows("SELECT count(*) FROM exchanges") == [(asked,)] or None

    assert look_until(recorded, f"{asked} exchanges in the records")


def test_the_versions_of_the_table_are_in_the_matrix() -> None:
    assert {player.sdk.name for player in NEWEST} == set(CAPTURED), (
        "outcomes/neighbours.json is of a version that the matrix in Makefile does not name"
    )


@pytest.mark.parametrize("sdk", CAPTURED)
def test_what_is_not_played_says_why(sdk: str) -> None:
    told = [case[sdk] for case in CASES.values() if sdk in case]

    assert all(case.get("not played") for case in told if "call" not in case)


def _played_by(player: Player) -> dict[str, Any]:
    """By case: call, settings of the client, and what was captured."""
    sdk = player.sdk.name
    return {name: case[sdk] for name, case in CASES.items() if "call" in case.get(sdk, {})}


def _answers() -> Cases:
    pieces = TOLD["pieces"]
    return Cases(
        answers={
            name: [whole(answer, pieces) for answer in case.get("answers", ())]
            for name, case in CASES.items()
        }
    )


def _made(outcome: dict[str, Any], captured: dict[str, Any]) -> dict[str, Any]:
    """Those facts of an outcome that the capture told.

    Of Python: the class. Of JavaScript: as much of the value's JSON as was kept, or how many values.
    """
    value = outcome.get("value")
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    facts = {
        "returned": outcome.get("type"),
        "value": text[: len(captured.get("value", ""))],
        "count": len(value) if isinstance(value, list) else None,
        "raised": outcome.get("raised"),
        "message": outcome.get("message", "")[:TEXT_CHARACTERS],
    }
    return {fact: facts[fact] for fact in captured}
