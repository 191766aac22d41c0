"""A Live session of the JavaScript SDKs, which follow the base URL's scheme: through the proxy as without it.

Python's always dial TLS, which a proxy on plain HTTP cannot answer (reference, section 4).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from tests.end_to_end.stage import Proxy
from tests.outside.conftest import Place
from tests.outside.play import Outcomes, Play
from tests.outside.sdks import PLAYERS, Player

SAID: Final = {"turns": "What should I see in Tromsø?", "turnComplete": True}
SESSION: Final = {
    "model": "gemini-3.1-flash-live-preview",
    "config": {"responseModalities": ["TEXT"]},
    "said": SAID,
}
SPEAKERS: Final = tuple(player for player in PLAYERS if player.sdk.language == "javascript")
KEY: Final = "outside-live-0123456789"


@dataclass(frozen=True, slots=True)
class Played:
    """One session of each version, one after the other, directly and through the proxy."""

    directly: dict[str, Outcomes]
    through: dict[str, Outcomes]
    direct: Place
    proxied: Place
    proxy: Proxy


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("live")
    direct, proxied = Place.open(folder / "direct"), Place.open(folder / "proxied")
    proxy = Proxy(folder, proxied.wire.url)
    directly, through = {}, {}
    for player in SPEAKERS:
        play = Play(player, KEY, [["session", "live.connect", SESSION]], abreast=False)
        both = play.at_both(direct.wire.url, proxy.url, folder)
        directly[str(player)], through[str(player)] = both
    yield Played(directly, through, direct, proxied, proxy)
    print(proxy.program.log_tail())
    proxy.stop()
    direct.close()
    proxied.close()


@pytest.mark.parametrize("player", SPEAKERS, ids=str)
def test_the_same_messages_are_heard(played: Played, player: Player) -> None:
    through, directly = played.through[str(player)], played.directly[str(player)]
    heard = through["session"]["value"]

    assert through == directly
    assert "setupComplete" in heard[0]
    assert heard[-1]["serverContent"]["turnComplete"]


@pytest.mark.parametrize("name", ["user-agent", "x-goog-api-client", "sec-websocket-extensions"])
def test_header_lines_arrive_as_they_were_spelt(played: Played, name: str) -> None:
    lines = played.proxied.wire.lines(name)

    assert lines == played.direct.wire.lines(name)
    assert len(lines) == len(SPEAKERS)


def test_the_sessions_are_recorded(played: Played) -> None:
    recorded = played.proxy.rows("SELECT status FROM exchanges")

    assert recorded == [(101,)] * len(SPEAKERS)
