"""Every version's calls give the same through proxy and emulator as with the emulator alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.end_to_end.stage import Proxy
from tests.outside.conftest import Place
from tests.outside.play import Outcomes, Play, acts_in_order
from tests.outside.sdks import PLAYERS, Player
from tests.outside.wire import Wire

USER_AGENT_LINES = {"1.55.0": 2, "1.75.0": 2, "2.0.0": 2}
"""By version of the Python SDK; all others send one (reference, section 3.1)."""

BODIES_MIN = 20
"""There are more acts than that, and hardly one without an answer."""

FAIL_BY_INTENT = frozenset(
    [
        *("cancelled again", "read after deletion", "deleted again", "chained to nothing"),
        *("unknown model", "refused", "never served", "bad gateway"),
        *("cut stream", "cut stream, reset", "cut answer"),
    ]
)
UNKNOWN_TO = {"python-1.55.0": {"read with input"}}
"""Acts that a version refuses by itself."""


@dataclass(frozen=True, slots=True)
class Played:
    """One player's acts, directly and through the proxy."""

    player: Player
    directly: Outcomes
    through: Outcomes
    direct: Place
    proxied: Place
    proxy: Proxy
    front: Wire
    """Before the proxy."""

    def ledgers(self, event: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """What the emulators say of all requests: through the proxy, directly."""
        return self.proxied.emulator.ledger(event), self.direct.emulator.ledger(event)


@pytest.fixture(scope="module", params=PLAYERS, ids=str)
def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("emulator")
    direct, proxied = Place.open(folder / "direct"), Place.open(folder / "proxied")
    proxy = Proxy(folder, proxied.wire.url)
    front = Wire(proxy.url)
    play = Play(request.param, "outside-key-0123456789", acts_in_order(), abreast=False)
    both = play.at_both(direct.wire.url, front.url, folder)
    yield Played(request.param, *both, direct, proxied, proxy, front)
    print(proxy.program.log_tail())
    proxy.stop()
    front.close()
    direct.close()
    proxied.close()


def test_each_result_is_the_same_as_that_of_the_direct_call(played: Played) -> None:
    different = {
        act: (played.directly[act], played.through[act])
        for act in played.directly
        if played.directly[act] != played.through[act]
    }

    assert different == {}


def test_only_what_is_meant_to_fail_fails(played: Played) -> None:
    failed = {act for act, outcome in played.through.items() if "raised" in outcome}

    assert failed == FAIL_BY_INTENT | UNKNOWN_TO.get(played.player.sdk.name, set())


def test_a_stream_can_be_resumed_where_it_was_left(played: Played) -> None:
    whole, resumed = played.through["watched"]["values"], played.through["resumed"]["values"]

    assert resumed == whole[3:]


def test_upstream_receives_the_same_requests(played: Played) -> None:
    through, directly = played.ledgers("received")

    assert [_without_hops(line) for line in through] == [_without_hops(line) for line in directly]


def test_upstream_gets_and_gives_the_same_bytes(played: Played) -> None:
    through, directly = played.ledgers("answered")

    assert [_digest(line) for line in through] == [_digest(line) for line in directly]


def test_the_client_gets_each_body_byte_for_byte(played: Played) -> None:
    """Some clients leave at a stream's last event, before its end is through: whole bodies are compared."""
    bodies = played.front.bodies()

    assert Counter(bodies) - Counter(played.proxied.wire.bodies()) == Counter()
    assert len(bodies) > BODIES_MIN


@pytest.mark.parametrize("name", ["user-agent", "cookie", "accept-encoding", "content-type"])
def test_header_lines_arrive_as_they_were_spelt(played: Played, name: str) -> None:
    assert played.proxied.wire.lines(name) == played.direct.wire.lines(name)


def test_as_many_user_agent_lines_arrive_as_the_version_sends(played: Played) -> None:
    sdk = played.player.sdk
    expected = USER_AGENT_LINES.get(sdk.version, 1) if sdk.language == "python" else 1

    lines = played.proxied.wire.lines("user-agent")

    assert len(lines) == expected * len(played.proxied.emulator.ledger())


def test_every_exchange_is_in_the_records_with_its_typed_outputs(played: Played) -> None:
    expected = [line["status"] for line in played.proxied.emulator.ledger()]

    recorded = played.proxy.rows("SELECT status FROM exchanges ORDER BY sequence")
    types = played.proxy.rows("SELECT DISTINCT type FROM steps WHERE side = 'output'")
    languages = played.proxy.rows("SELECT DISTINCT split_part(language, '/', 1) FROM exchanges")

    assert [status for (status,) in recorded] == expected
    assert {name for (name,) in types} >= {"thought", "model_output", "function_call"}
    language = {"python": "gl-python", "javascript": "gl-node"}[played.player.sdk.language]
    assert languages == [(language,)]


def _without_hops(line: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in line["header_names"] if name.lower() != "connection"]
    return {**line, "header_names": names}


def _digest(line: dict[str, Any]) -> tuple[Any, ...]:
    return line["n"], line["body_bytes"], line["body_sha256"], line.get("status")
