"""What else the newest SDK sends: other resources, versions, base paths, timeouts, Vertex paths.

outcomes/neighbours.json holds calls, scripted answers, what was asked on the wire and what the SDK made
of it, as captured; a case that is not played says why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.end_to_end.stage import Proxy
from tests.outside.facts import TEXT_CHARACTERS
from tests.outside.play import Outcomes, Play
from tests.outside.scripted import Cases, Scripted
from tests.outside.sdks import PLAYERS, Player
from tests.outside.tables import OUTCOMES

TOLD: Final[dict[str, Any]] = json.loads((OUTCOMES / "neighbours.json").read_text("utf-8"))
PLAYED: Final = {name: case for name, case in TOLD.items() if "call" in case}
NEWEST: Final = tuple(player for player in PLAYERS if player.sdk.name == "python-3.4.0")

KEYS: Final = {"returned": "type", "raised": "raised", "message": "message"}
"""Facts of the capture, and where the outcome has them."""


@dataclass(frozen=True, slots=True)
class Played:
    """One player's cases, directly and through the proxy."""

    player: Player
    directly: Outcomes
    through: Outcomes
    direct: Scripted
    proxied: Scripted

    def asked(self, far: Scripted) -> dict[str, list[str]]:
        """By case: method and target of each request."""
        return {
            case: [
                b" ".join(request.lines[0].split(b" ")[:2]).decode()
                for request in far.requests(str(self.player), case)
            ]
            for case in PLAYED
        }


@pytest.fixture(scope="module", params=NEWEST, ids=str)
def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("neighbours")
    player: Player = request.param
    cases = Cases(answers={name: case["answers"] for name, case in PLAYED.items()})
    direct, proxied = Scripted(cases), Scripted(cases)
    proxy = Proxy(folder, proxied.url)
    clients = {name: case["client"] for name, case in PLAYED.items() if "client" in case}
    acts = [[name, *case["call"]] for name, case in PLAYED.items()]
    play = Play(player, f"{player}/{{name}}", acts, abreast=True, clients=clients)
    yield Played(player, *play.at_both(direct.url, proxy.url, folder), direct, proxied)
    print(proxy.program.log_tail())
    proxy.stop()
    direct.close()
    proxied.close()


def test_it_makes_of_each_answer_what_was_captured(played: Played) -> None:
    found = {}
    for name, case in PLAYED.items():
        outcome, made = played.through[name], case["made"]
        now = {key: outcome.get(KEYS[key], "")[:TEXT_CHARACTERS] for key in made if key in KEYS}
        if now != {key: made[key] for key in made if key in KEYS}:
            found[name] = made, outcome

    assert found == {}


def test_values_are_the_same_to_the_last_field(played: Played) -> None:
    assert played.through == played.directly


def test_it_asks_as_captured(played: Played) -> None:
    captured = {name: case["made"].get("asked", []) for name, case in PLAYED.items()}

    assert played.asked(played.proxied) == captured


def test_every_request_arrives_as_it_was_sent(played: Played) -> None:
    player = str(played.player)
    for case in PLAYED:
        sent = [(one.lines, one.body) for one in played.direct.requests(player, case)]
        arrived = [(one.lines, one.body) for one in played.proxied.requests(player, case)]
        assert sent == arrived


def test_what_is_not_played_says_why() -> None:
    assert NEWEST, (
        "python-3.4.0 is not in the matrix: name the version that outcomes/neighbours.json is of"
    )
    assert all(case["not played"] for case in TOLD.values() if "call" not in case)
