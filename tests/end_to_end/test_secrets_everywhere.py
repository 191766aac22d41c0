"""A canary in each place where a secret can stand, through every ending, DEBUG logging and crashes: no byte shows it.

What was asked is planted too: only who opens the content of a step may see it.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest

from tests.end_to_end.planting import files, forms, found_in, lines, send, shown
from tests.end_to_end.programs import ROOT, look_until, run_verb
from tests.end_to_end.stage import Stage
from tests.telemetry.traces.receiver import http_receiver

POST: Final = "POST /v1/interactions HTTP/1.1"
MODEL: Final = "gemini-3-flash-preview"

ENDINGS: Final = {
    "Success": "",
    "Refused": "status=400",
    "Broken": "status=500",
    "Echoed": "status=403,message=API key {} is not valid",
    "Cut": "cut_bytes=30",
}
"""How upstream answers: the emulator's faults."""


MARK: Final = "CanaryCanary/"
"""All canaries begin with it: one search finds every one of them, and every long enough piece."""

ASKED: Final = "AskedAsked/What+is=it?"
"""The content of a step; it has letters that URLs, JSON and base64 write in another way."""
CONTENTS: Final = "contents"


def canary(place: str, ending: str) -> str:
    """Has letters that URLs, JSON and base64 write in another way."""
    return f"{MARK}{place}+{ending}=0123456789abcdef"


def body(secret: str, **given: Any) -> bytes:
    text = json.dumps({"model": MODEL, "input": ASKED, **given})
    return text.replace("SECRET", json.dumps(secret)[1:-1]).encode()


HEADERS: Final = {
    "Key": "x-goog-api-key: {}",
    "Bearer": "Authorization: Bearer {}",
    "ProxyBearer": "Proxy-Authorization: Bearer {}",
    "Cookie": "Cookie: session={}",
}
QUERIES: Final = ("key", "access_token", "upload_id")

BODIES: Final[dict[str, dict[str, Any]]] = {
    "Mcp": {
        "tools": [
            {
                "type": "mcp_server",
                "name": "m",
                "url": "https://mcp.example/",
                "headers": {"Authorization": "Bearer SECRET"},
            }
        ]
    },
    "Exa": {"tools": [{"type": "google_search", "exa_ai_search_config": {"api_key": "SECRET"}}]},
    "Parallel": {
        "tools": [{"type": "google_search", "parallel_ai_search_config": {"api_key": "SECRET"}}]
    },
    "Transform": {
        "environment": {
            "type": "remote",
            "network": {
                "allowlist": [
                    {"domain": "a.example", "transform": [{"Authorization": "Bearer SECRET"}]}
                ]
            },
        }
    },
    "Source": {
        "environment": {
            "type": "remote",
            "sources": [{"type": "inline", "target": "/.env", "content": "TOKEN=SECRET"}],
        }
    },
    "Hook": {"background": True, "webhook_config": {"uris": ["https://h.example/?token=SECRET"]}},
    "Widget": {"widget_context_token": "SECRET"},
    "Signed": {
        "input": [
            {"type": "image", "uri": "https://s.example/o?X-Goog-Signature=SECRET"},
        ]
    },
}


def requests() -> Iterator[tuple[str, bytes]]:
    """Each canary with its request."""
    for ending, fault in ENDINGS.items():

        def asked(place: str, start: str, *headers: str, data: bytes = b"") -> tuple[str, bytes]:
            secret = canary(place, ending)  # noqa: B023  called before the next turn
            told = (f"x-emulator-fault: {fault.format(secret)}",) if fault else ()  # noqa: B023
            return secret, lines(start, *headers, *told, body=data)

        plain = body("")
        for place, header in HEADERS.items():
            yield asked(place, POST, header.format(canary(place, ending)), data=plain)
        for name in QUERIES:
            (_, coded, *_) = forms(canary(name, ending))
            target = f"POST /v1/interactions?{name}={coded.decode()} HTTP/1.1"
            yield asked(name, target, data=plain)
        for (place, given), is_stream in product(BODIES.items(), (False, True)):
            named = f"{place}{'Stream' if is_stream else ''}"
            data = body(canary(named, ending), **given, stream=is_stream)
            yield asked(named, POST, "x-goog-api-key: k", data=data)


CANARIES: Final = tuple(secret for secret, _ in requests())
CRASHES: Final = {10: signal.SIGSEGV, 50: signal.SIGABRT, 90: signal.SIGKILL}
"""After which request gateway and recorder end, and by which signal."""


@dataclass(frozen=True, slots=True)
class Written:
    """Every byte that any process wrote or showed, by place."""

    running: list[tuple[str, bytes]]
    shown: list[tuple[str, bytes]]
    stopped: list[tuple[str, bytes]]
    cores: list[Path]
    exchange_count: int
    told_count: int
    """Exchanges whose spans a collector got."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """All processes log at DEBUG, asyncio tells of its callbacks; everything was sent, all were killed."""
    folder = tmp_path_factory.mktemp("everywhere")
    (folder / "debug").mkdir()
    (folder / "debug" / "sitecustomize.py").write_text(
        "import logging\nlogging.basicConfig(level=logging.DEBUG)\n"
    )
    with http_receiver() as collector, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        patch.setenv("PYTHONPATH", str(folder / "debug"))
        patch.setenv("PYTHONASYNCIODEBUG", "1")
        stage = Stage.set_up(folder)
        try:
            _send_all(stage)
            stage.proxy.flush()
            running = list(files(stage.proxy.data, folder / "logs"))
            contents = run_verb(
                *("sql", "--data", str(stage.proxy.data), "--json"),
                "SELECT *, content(content_ref) FROM timeline",
            )
            assert contents.returncode == 0, contents.stderr
            said = [(CONTENTS, (contents.stdout + contents.stderr).encode())]
            told = [*shown(stage.proxy), *said]
            ((count,),) = stage.proxy.rows("SELECT count(*) FROM exchanges")
        finally:
            print(stage.logs())
            stage.stop()
    assert run_verb("rebuild", "--data", str(stage.proxy.data)).returncode == 0
    stopped = list(files(stage.proxy.data, folder / "logs"))
    cores = [*ROOT.glob("core*"), *folder.rglob("core*")]
    told.append(("spans", b"".join(collector.bodies)))
    records = {str(one.attributes.get("ixp.audit.record_id")) for one in collector.spans}
    return Written(running, told, stopped, cores, count, len(records - {"None"}))


def _send_all(stage: Stage) -> None:
    for number, (_, request) in enumerate(requests()):
        send(stage.proxy, request)
        if number in CRASHES:
            send(stage.proxy, request[:-4], is_whole=False)
            _crash(stage, CRASHES[number])


def _crash(stage: Stage, number: signal.Signals) -> None:
    """Both kinds of children end as by a bug in C code; a core dump would hold everything."""
    before = {*stage.proxy.gateways(), *stage.proxy.recorders()}
    for pid in before:
        os.kill(pid, number)

    def look() -> bool | None:
        gateways, recorders = set(stage.proxy.gateways()), set(stage.proxy.recorders())
        return True if gateways - before and recorders - before else None

    look_until(look, "the next gateway and recorder")


def test_the_canaries_are_distinct_and_were_recorded(written: Written) -> None:
    """Guards the tests below."""
    logs = b"".join(text for place, text in written.running if place.endswith(".err"))

    assert len(CANARIES) == len(set(CANARIES)) > 100
    assert written.exchange_count >= len(CANARIES)
    assert written.told_count == written.exchange_count
    assert b"DEBUG" in logs


def test_a_canary_would_be_found(tmp_path: Path) -> None:
    """Guards the tests below: the mark alone, in every form of the whole."""
    for number, form in enumerate(forms(CANARIES[0])):
        (tmp_path / f"{number}").write_bytes(b"x" + form)

    found = found_in(files(tmp_path), [MARK])

    assert len({place.partition(":")[0] for place in found}) == len(forms(CANARIES[0]))


def test_no_canary_is_in_any_byte_that_was_written(written: Written) -> None:
    assert found_in(written.running, [MARK]) == []


def test_no_canary_is_in_anything_that_is_shown(written: Written) -> None:
    assert found_in(written.shown, [MARK]) == []


def test_no_canary_is_left_after_a_stop_and_a_rebuild(written: Written) -> None:
    assert found_in(written.stopped, [MARK]) == []


def test_a_process_that_dies_of_a_signal_leaves_no_core_dump(written: Written) -> None:
    assert written.cores == []


def test_what_was_asked_is_seen_by_who_opens_contents_and_nowhere_else(written: Written) -> None:
    """No log at DEBUG, no metric, no span, no clear column, no file."""
    everywhere = [*written.running, *written.shown, *written.stopped]

    assert {place.partition(":")[0] for place in found_in(everywhere, [ASKED])} == {CONTENTS}
