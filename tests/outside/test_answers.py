"""What each SDK makes of each answer is what was captured, and the proxy changes nothing in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.outside import tables
from tests.outside.conftest import Ends
from tests.outside.facts import facts, seen_in
from tests.outside.play import Outcomes, Play, cases_of
from tests.outside.scripted import Scripted
from tests.outside.sdks import PLAYERS, Player


@dataclass(frozen=True, slots=True)
class Played:
    """One player's cases, directly and through the proxy."""

    player: Player
    ends: Ends
    directly: Outcomes
    through: Outcomes

    def attempts(self, far: Scripted) -> dict[str, int]:
        """How many requests each case took."""
        return {case: len(far.requests(str(self.player), case)) for case in self.directly}

    def unlike_captured(self, outcomes: Outcomes, far: Scripted) -> dict[str, Any]:
        """By case: what was captured, and what came now, where these differ."""
        found = {}
        attempts = self.attempts(far)
        for case, captured in tables.load(self.player.sdk.name).items():
            answers = self.ends.cases.answers.get(case, [{}])
            now = facts(outcomes[case], answers[-1]) | {"attempts": attempts[case]}
            seen = seen_in(captured, now)
            if seen != captured:
                found[case] = {"captured": captured, "now": seen}
        return found


@pytest.fixture(scope="module", params=PLAYERS, ids=str)
def played(
    request: pytest.FixtureRequest, ends: Ends, tmp_path_factory: pytest.TempPathFactory
) -> Played:
    player: Player = request.param
    play = Play(player, f"{player}/{{name}}", cases_of(player, ends.cases), abreast=True)
    both = play.at_both(ends.direct.url, ends.proxy.url, tmp_path_factory.mktemp("answers"))
    return Played(player, ends, *both)


def test_it_makes_of_each_answer_what_was_captured(played: Played) -> None:
    assert played.unlike_captured(played.directly, played.ends.direct) == {}


def test_it_makes_the_same_of_each_answer_through_the_proxy(played: Played) -> None:
    assert played.unlike_captured(played.through, played.ends.proxied) == {}


def test_values_and_events_are_the_same_to_the_last_field(played: Played) -> None:
    different = {
        case: (played.directly[case], played.through[case])
        for case in played.directly
        if played.directly[case] != played.through[case]
    }

    assert different == {}


def test_it_tries_as_often_as_without_the_proxy(played: Played) -> None:
    assert played.attempts(played.ends.proxied) == played.attempts(played.ends.direct)


def test_every_request_arrives_as_it_was_sent(played: Played) -> None:
    player, ends = str(played.player), played.ends
    different = {}
    for case in played.directly:
        sent = ends.direct.requests(player, case)
        arrived = ends.proxied.requests(player, case)
        if [(one.lines, one.body) for one in sent] != [(one.lines, one.body) for one in arrived]:
            different[case] = sent, arrived

    assert different == {}
    assert sum(len(ends.direct.requests(player, case)) for case in played.directly) > 100
