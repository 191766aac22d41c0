from __future__ import annotations

import itertools
import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from proxy.audit.erasure.wish import IDS_MAX, wish_from_json
from proxy.audit.retention.cascade import Reach
from proxy.errors import StoreError
from proxy.fleet.shipping.heeding import HEED_S, PORTION, Order, asked_of_recorder, heed, teller
from proxy.recording.acts import act_from_json
from tests.fleet.standin import StandIn

HOLD = "a" * 32
ORDERS = {
    "FROM fleet.orders": [
        (1, "eu-2", "hold", HOLD, "v1_one", "node"),
        (2, "eu-2", "erase", "b" * 32, "v1_two", None),
    ]
}


def test_each_order_is_told_to_the_recorder_and_noted_as_heeded() -> None:
    link = StandIn(ORDERS)
    told: list[tuple[str, dict[str, Any]]] = []

    def tell(path: str, body: dict[str, Any]) -> int:
        told.append((path, body))
        return 200 if path == "/acts" else 400

    assert heed(link, "eu-1", tell, lambda: 0) == 1
    assert [path for path, _ in told] == ["/acts", "/erase"]
    noted = [given for text, given in link.asked if "INTO fleet.heeded" in text]
    assert noted == [("eu-1", [1], "done"), ("eu-1", [2], "not known here")]


def test_what_the_recorder_cannot_do_now_is_tried_again() -> None:
    link = StandIn(ORDERS)

    with pytest.raises(StoreError, match="504"):
        heed(link, "eu-1", lambda _path, _told: 504, lambda: 0)

    assert not any("INTO fleet.heeded" in text for text, _ in link.asked)


def erasures(count: int, act: str = "b" * 32) -> dict[str, list[tuple[object, ...]]]:
    """Of so many interactions by one act."""
    orders = [(n, "eu-2", "erase", act, f"v1_{n}", None) for n in range(count)]
    return {"FROM fleet.orders": [*orders]}


def test_an_erasure_names_whole_ids() -> None:
    """An id may be the beginning of another one, which nobody wanted erased."""
    path, told = asked_of_recorder([Order(1, "eu-2", "erase", HOLD, "v1_one", None)])

    wish = wish_from_json(told)
    assert (path, wish.named, wish.interactions) == ("/erase", None, ("v1_one",))
    assert (wish.reach, wish.with_quoted) == (Reach.NODE, False)
    assert wish.is_passing_unknown, "one that is not known here keeps no other from being erased"


def test_an_erasure_goes_as_far_as_at_the_proxy_that_ordered_it() -> None:
    data = json.dumps({"reach": "thread", "quoted": True})
    _, told = asked_of_recorder([Order(1, "eu-2", "erase", HOLD, "v1_one", data)])

    wish = wish_from_json(told)
    assert (wish.reach, wish.with_quoted) == (Reach.THREAD, True)


def test_what_one_act_erased_is_asked_of_the_recorder_at_once() -> None:
    """Each call may wait seconds for the tables to be written anew."""
    link = StandIn(erasures(50))
    told: list[list[str]] = []

    def tell(_path: str, body: dict[str, Any]) -> int:
        told.append(body["ids"])
        return 200

    assert heed(link, "eu-1", tell, lambda: 0) == 50
    assert told == [[f"v1_{n}" for n in range(50)]]
    assert [given for text, given in link.asked if "INTO fleet.heeded" in text] == [
        ("eu-1", list(range(50)), "done")
    ]


def test_a_call_names_no_more_than_the_recorder_takes() -> None:
    assert PORTION <= IDS_MAX


def test_orders_that_take_long_let_shipping_go_on() -> None:
    link = StandIn(
        {
            "FROM fleet.orders": [
                erasures(n + 1, f"{n:032x}")["FROM fleet.orders"][n] for n in range(9)
            ]
        }
    )
    clock = itertools.count(0, HEED_S * 1_000_000_000 // 3)

    heeded = heed(link, "eu-1", lambda _path, _told: 200, lambda: int(next(clock)))

    assert 1 <= heeded < 9


@pytest.mark.parametrize(("kind", "data"), [("hold", "conversation"), ("release", HOLD)])
def test_holds_and_releases_are_acts_that_the_recorder_takes(kind: str, data: str) -> None:
    path, told = asked_of_recorder([Order(1, "eu-2", kind, HOLD, "v1_one", data)])

    act = act_from_json(told["acts"][0], 0, "c" * 32)
    assert (path, act.kind, act.actor, act.interaction) == ("/acts", kind, "fleet", "v1_one")
    assert data in (act.data or "")
    assert (act.act == HOLD) == (kind == "hold"), "a hold has one number in the whole fleet"


def test_the_recorder_is_asked_over_its_socket(tmp_path: Path) -> None:
    path = tmp_path / "recorder.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        seen: list[bytes] = []

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                while b"}" not in b"".join(seen):
                    seen.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        thread = threading.Thread(target=answer)
        thread.start()
        assert teller(path)("/erase", {"id": "v1_one"}) == 200
        thread.join()
    assert json.dumps({"id": "v1_one"}).encode() in b"".join(seen)


def test_a_recorder_that_is_away_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not answer the fleet"):
        teller(tmp_path / "recorder.sock")("/erase", {})
