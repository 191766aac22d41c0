"""Requests out of bytes: the same whatever the cuts, one at a time, upgrades that are not for us included."""

from __future__ import annotations

from typing import Any

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.gateway.http.intake import RequestIntake
from proxy.gateway.http.wire import RawHeaders, RequestHead
from proxy.gateway.limits import HEAD_BYTES_MAX, SLICE_BYTES

GET = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
LENGTH = b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\nT: 1\r\n\r\n"
H2C = b"POST /4 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
H2C_EMPTY = H2C + b"\r\n"
H2C_LENGTH = H2C + b"Content-Length: 3\r\n\r\nabc"
H2C_CHUNKED = H2C + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: 2\r\n\r\n"
REQUESTS = [GET, LENGTH, CHUNKED, H2C_EMPTY, H2C_LENGTH, H2C_CHUNKED]
NOISE = b"\x00noise\r\n\r\n"


class Told:
    """Remembers the calls. Pieces of one body are one."""

    def __init__(self, *, takes_upgrades: bool = False) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._takes_upgrades = takes_upgrades

    def request_head(self, head: RequestHead) -> bool:
        self.calls.append(("head", head.method, head.target, head.version, tuple(head.headers)))
        return self._takes_upgrades

    def request_body(self, piece: bytes) -> None:
        if self.calls[-1][0] == "body":
            piece = self.calls.pop()[1] + piece
        self.calls.append(("body", piece))

    def request_end(self, trailers: RawHeaders) -> None:
        self.calls.append(("end", tuple(trailers)))

    def request_collected(self) -> None:
        """Says when, not what."""

    def request_malformed(self, status: int, what: str) -> None:
        assert what
        self.calls.append(("malformed", status))

    @property
    def heads(self) -> list[bytes]:
        return [call[2] for call in self.calls if call[0] == "head"]


def told(pieces: list[bytes], *, answers_at_once: bool) -> list[tuple[Any, ...]]:
    """All calls, if each request is answered as soon as it is whole, or only when nothing more comes."""
    sink = Told()
    intake = RequestIntake(sink)
    for piece in pieces:
        intake.feed(piece)
        while answers_at_once and intake.is_waiting:
            intake.proceed()
    while intake.is_waiting:
        intake.proceed()
    return sink.calls


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    starts = [0, *ends[:-1]]
    return [data[start:end] for start, end in zip(starts, ends, strict=True) if end > start]


streams = st.lists(st.sampled_from([*REQUESTS, NOISE]), min_size=1, max_size=6).map(b"".join)
places = st.lists(st.integers(0, 1000), max_size=12)


@given(streams, places, st.booleans())
def test_any_cut_of_a_stream_gives_the_same_calls(
    stream: bytes,
    cuts: list[int],
    answers_at_once: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    whole = told([stream], answers_at_once=False)

    assert told(cut(stream, cuts), answers_at_once=answers_at_once) == whole


@given(streams)
def test_single_bytes_give_the_same_calls_as_one_read(stream: bytes) -> None:
    single = [stream[at : at + 1] for at in range(len(stream))]

    assert told(single, answers_at_once=True) == told([stream], answers_at_once=True)


@given(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=6))
def test_each_request_of_a_stream_is_told_whole(requests: list[bytes]) -> None:
    calls = told([b"".join(requests)], answers_at_once=True)

    assert [call[0] for call in calls].count("end") == len(requests)
    assert ("malformed", 400) not in calls
    bodies = {LENGTH: b"hello", CHUNKED: b"abc", H2C_LENGTH: b"abc", H2C_CHUNKED: b"abc"}
    wanted = [bodies[request] for request in requests if request in bodies]
    assert [call[1] for call in calls if call[0] == "body"] == wanted


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_noise_is_at_most_one_malformed_request_and_nothing_raised(pieces: list[bytes]) -> None:
    calls = told(pieces, answers_at_once=True)

    assert [call[0] for call in calls].count("malformed") <= 1


@given(streams, places)
def test_a_prefix_tells_a_prefix(stream: bytes, cuts: list[int]) -> None:
    whole = told([stream], answers_at_once=True)
    for piece_count in range(len(cut(stream, cuts))):
        part = told(cut(stream, cuts)[:piece_count], answers_at_once=True)
        if part and part[-1][0] == "body":
            part.pop()

        assert whole[: len(part)] == part


def test_the_second_request_waits_until_the_first_is_answered() -> None:
    sink = Told()
    intake = RequestIntake(sink)
    intake.feed(GET + LENGTH)
    intake.feed(CHUNKED)

    assert sink.heads == [b"/1"]
    assert intake.has_more
    intake.proceed()
    assert sink.heads == [b"/1", b"/2"]
    intake.proceed()
    assert sink.heads == [b"/1", b"/2", b"/3"]
    assert not intake.has_more


def test_what_follows_an_upgrade_that_is_passed_on_is_kept_raw() -> None:
    sink = Told(takes_upgrades=True)
    intake = RequestIntake(sink)

    intake.feed(H2C_EMPTY + b"\x81early")
    intake.feed(b"more")

    assert intake.take_raw() == b"\x81earlymore"
    assert [call[0] for call in sink.calls] == ["head", "end"]


def test_what_follows_a_pipelined_upgrade_that_is_passed_on_is_kept_raw() -> None:
    sink = Told(takes_upgrades=True)
    intake = RequestIntake(sink)

    intake.feed(GET + H2C_EMPTY + b"\x81early")
    intake.proceed()

    assert intake.take_raw() == b"\x81early"
    assert sink.heads == [b"/1", b"/4"]


def test_an_upgrade_that_upstream_declines_is_followed_by_the_next_request() -> None:
    sink = Told(takes_upgrades=True)
    intake = RequestIntake(sink)

    intake.feed(GET + H2C_EMPTY + LENGTH)
    intake.proceed()
    intake.proceed()

    assert sink.heads == [b"/1", b"/4", b"/2"]


def test_a_stopped_intake_tells_nothing_more() -> None:
    sink = Told()
    intake = RequestIntake(sink)
    intake.feed(GET + LENGTH)

    intake.stop()
    intake.proceed()
    intake.feed(GET)

    assert sink.heads == [b"/1"]
    assert not intake.has_more


@pytest.mark.parametrize(
    "endless",
    [
        pytest.param(b"GET /", id="target"),
        pytest.param(b"GET / HTTP/1.1\r\n", id="name"),
        pytest.param(b"GET / HTTP/1.1\r\nX: ", id="value"),
        pytest.param(CHUNKED.partition(b"T: 1")[0], id="trailer name"),
        pytest.param(CHUNKED.partition(b"1\r\n\r\n")[0], id="trailer value"),
        pytest.param(CHUNKED.partition(b"x\r\nab")[0], id="chunk extension"),
    ],
)
def test_what_never_ends_is_cut_off_after_a_bounded_amount(endless: bytes) -> None:
    sink = Told()
    intake = RequestIntake(sink)
    intake.feed(endless)
    fed = 0

    while not intake.is_stopped:
        intake.feed(b"a" * 1000)
        fed += 1000

    assert fed <= HEAD_BYTES_MAX + SLICE_BYTES + 1000
    assert sink.calls[-1] == ("malformed", 431)


def test_a_head_of_the_largest_size_behind_a_body_is_not_cut_off() -> None:
    head = b"GET /" + b"a" * (HEAD_BYTES_MAX - 100) + b" HTTP/1.1\r\nHost: a\r\n\r\n"
    stream = LENGTH + head

    calls = told(cut(stream, list(range(0, len(stream), 5000))), answers_at_once=True)

    assert [call[0] for call in calls] == ["head", "body", "end", "head", "end"]


def test_trailers_leave_no_head_begun() -> None:
    intake = RequestIntake(Told())

    intake.feed(CHUNKED)
    intake.proceed()

    assert intake.head_bytes == 0


def test_a_bug_of_ours_is_not_taken_for_the_clients() -> None:
    class Broken(Told):
        def request_head(self, head: RequestHead) -> bool:
            raise AssertionError(head.method)

    with pytest.raises(httptools.HttpParserCallbackError):
        RequestIntake(Broken()).feed(GET)
