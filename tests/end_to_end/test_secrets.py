"""A planted key is in no byte that was written; a planted prompt in no byte outside sealed records."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from proxy.errors import KeyDestroyed
from tests.end_to_end.planting import files, forms, found_in, lines, send, shown
from tests.end_to_end.programs import run_verb
from tests.end_to_end.stage import Proxy, Stage, open_vault

POST: Final = "POST /v1/interactions HTTP/1.1"
MODEL: Final = "gemini-3-flash-preview"


def key(place: str) -> str:
    """A key of its own for each place, so that a leak says where it came from."""
    return f"AIzaPlanted{place}0123456789abcdef"


def basic(word: str) -> str:
    return base64.b64encode(f"user:{word}".encode()).decode()


BODY: Final = json.dumps({"model": MODEL, "input": "Hello."}).encode()
ODD_KEY: Final = "AIza/Pla+nted=Odd&0123456789"
"""Its letters must be percent-encoded in a query."""

WELL_FORMED: Final[dict[str, bytes]] = {
    "Header": lines(POST, f"x-goog-api-key: {key('Header')}", body=BODY),
    "Case": lines(POST, f"X-GOOG-API-KEY:\t {key('Case')} ", body=BODY),
    "Twice": lines(
        POST, f"x-goog-api-key: {key('Twice')}", f"x-goog-api-key: {key('Twice')}2", body=BODY
    ),
    "Bearer": lines(POST, f"Authorization: Bearer {key('Bearer')}", body=BODY),
    "LowerBearer": lines(POST, f"authorization: bearer  {key('LowerBearer')}", body=BODY),
    "Basic": lines(POST, f"Authorization: Basic {basic(key('Basic'))}", body=BODY),
    "ProxyBearer": lines(
        POST, "x-goog-api-key: k", f"Proxy-Authorization: Bearer {key('ProxyBearer')}", body=BODY
    ),
    "Cookie": lines(POST, "x-goog-api-key: k", f"Cookie: a=b; s={key('Cookie')}", body=BODY),
    "Query": lines(f"POST /v1/interactions?key={key('Query')} HTTP/1.1", body=BODY),
    "QueryCase": lines(f"POST /v1/interactions?a=b&KEY={key('QueryCase')} HTTP/1.1", body=BODY),
    "QueryCoded": lines(f"POST /v1/interactions?k%65y={key('QueryCoded')} HTTP/1.1", body=BODY),
    "Token": lines(f"GET /v1/models?access_token={key('Token')}&x=1 HTTP/1.1"),
    "Upload": lines(f"POST /upload/v1/files?upload_id={key('Upload')} HTTP/1.1", body=b"data"),
    "Odd": lines(
        "POST /v1/interactions?key=AIza%2FPla%2bnted%3DOdd%260123456789 HTTP/1.1", body=BODY
    ),
    "Referer": lines(
        POST,
        "x-goog-api-key: k",
        f"Referer: https://a.example/?key={key('Referer')}#top",
        body=BODY,
    ),
    "Repeated": lines(
        POST,
        f"x-goog-api-key: {key('Repeated')}",
        f"x-other: was {key('Repeated')}",
        f"User-Agent: google-genai-sdk/3.4.0 {key('Repeated')}",
        body=BODY,
    ),
    "Live": lines(
        f"GET //ws/google.ai.GenerativeService.BidiGenerateContent?key={key('Live')} HTTP/1.1",
        "Sec-WebSocket-Version: 13",
    ),
    "Trailer": lines(POST, "x-goog-api-key: k", "Transfer-Encoding: chunked")
    + b"%x\r\n%b\r\n0\r\n" % (len(BODY), BODY)
    + f"x-goog-api-key: {key('Trailer')}\r\n\r\n".encode(),
    "Refused": lines(
        f"GET /v1/interactions/v1_none?key={key('Refused')} HTTP/1.1",
        "x-emulator-fault: status=401",
    ),
}

MALFORMED: Final[dict[str, bytes]] = {
    "SpaceColon": lines(POST, f"x-goog-api-key : {key('SpaceColon')}", body=BODY),
    "NoColon": lines(POST, f"x-goog-api-key {key('NoColon')}", body=BODY),
    "Folded": lines(POST, f"x-goog-api-key:\r\n {key('Folded')}", body=BODY),
    "BadName": lines(POST, f"x-goog(api)key: {key('BadName')}", body=BODY),
    "Nul": lines(POST, f"x-goog-api-key: {key('Nul')}\0", body=BODY),
    "Old": f"GET /v1/models?key={key('Old')}\r\n\r\n".encode(),
    "OldHttp": f"GET /v1/models?key={key('OldHttp')} HTTP/0.9\r\n\r\n".encode(),
    "NewHttp": f"GET /v1/models?key={key('NewHttp')} HTTP/3.0\r\n\r\n".encode(),
    "Spaces": lines(f"GET /v1/mo dels?key={key('Spaces')} HTTP/1.1"),
    "Absolute": lines(f"GET http://a.example/?key={key('Absolute')} HTTP/1.1"),
    "Connect": lines(f"CONNECT a.example:443?key={key('Connect')} HTTP/1.1"),
    "TwoHosts": lines(f"GET /v1/models?key={key('TwoHosts')} HTTP/1.1", "Host: other"),
    "Length": lines(POST, f"x-goog-api-key: {key('Length')}", "Content-Length: ten"),
    "TwoLengths": lines(
        POST, f"x-goog-api-key: {key('TwoLengths')}", "Content-Length: 1", "Content-Length: 2"
    ),
    "Coding": lines(POST, f"x-goog-api-key: {key('Coding')}", "Transfer-Encoding: gzip, chunked"),
    "Expect": lines(POST, f"x-goog-api-key: {key('Expect')}", "Expect: the-unexpected"),
    "Method": lines(f"G@T /v1/models?key={key('Method')} HTTP/1.1"),
    "Large": lines(POST, f"x-goog-api-key: {key('Large')}", "x-large: " + "a" * 100_000),
    "LargeKey": lines(POST, f"x-goog-api-key: {key('LargeKey') * 4000}"),
    "Many": lines(POST, f"x-goog-api-key: {key('Many')}", *["x-many: 1"] * 1000),
    "NoHost": f"GET /?key={key('NoHost')} HTTP/1.1\r\nx-goog-api-key: {key('NoHost')}\r\n\r\n".encode(),
    "Garbage": b"\x16\x03\x01" + key("Garbage").encode() + b"\r\n\r\n",
    "BadChunk": lines(POST, f"x-goog-api-key: {key('BadChunk')}", "Transfer-Encoding: chunked")
    + b"zz\r\n",
}

LEFT_IN_THE_MIDDLE: Final[dict[str, bytes]] = {
    "HalfLine": b"POST /v1/interactions HTTP/1.1\r\nx-goog-api-key: " + key("HalfLine").encode(),
    "HalfTarget": b"GET /v1/models?key=" + key("HalfTarget").encode(),
    "HalfBody": lines(POST, f"x-goog-api-key: {key('HalfBody')}", "Content-Length: 100") + b"{",
}

MARKS: Final = ("AIzaPlanted", ODD_KEY, basic(key("Basic")))
"""All planted keys have one of them: where none is, no key is."""

WORD: Final = "Quastenflosser"
"""Of the planted prompts; no text of ours or of the emulator has it."""


def question(**given: Any) -> bytes:
    asked = {"model": MODEL, "input": f"{WORD}: what is it?", **given}
    return lines(POST, "x-goog-api-key: k", body=json.dumps(asked).encode())


PROMPTS: Final[dict[str, bytes]] = {
    "input": question(),
    "stream": question(stream=True),
    "instruction": question(system_instruction=f"You are a {WORD}."),
    "traceless": question(store=False),
    "result": question(
        input=[{"type": "function_result", "call_id": "1", "name": "f", "result": {"is": WORD}}]
    ),
    "unknown field": question(brand_new_field=WORD),
    "unknown step": question(input=[{"type": f"a {WORD} step", "text": WORD}]),
    "model": question(model=f"The {WORD}, please"),
    "not JSON": lines(POST, "x-goog-api-key: k", body=b'{"input": "%b' % WORD.encode()),
    "not UTF-8": lines(POST, "x-goog-api-key: k", body=b"\xff\xfe" + WORD.encode()),
    "answer of another type": lines(
        POST,
        "x-goog-api-key: k",
        "x-emulator-fault: type=text/plain",
        body=json.dumps({"model": MODEL, "input": WORD}).encode(),
    ),
    "header": lines(POST, "x-goog-api-key: k", f"x-note: {WORD}", body=BODY),
    "user agent": lines(POST, "x-goog-api-key: k", f"User-Agent: {WORD} of mine", body=BODY),
    "type": lines(POST, "x-goog-api-key: k", f"Content-Type: {WORD} (odd)", body=BODY),
    "query": lines(f"GET /v1/models?q={WORD} HTTP/1.1", "x-goog-api-key: k"),
    "path": lines(f"GET /v1/notes/{WORD} HTTP/1.1", "x-goog-api-key: k"),
    "id": lines(f"GET /v1/interactions/the%20{WORD} HTTP/1.1", "x-goog-api-key: k"),
    "error message": lines(
        POST, "x-goog-api-key: k", f"x-emulator-fault: status=400,message={WORD}", body=BODY
    ),
    "error code": lines(
        POST, "x-goog-api-key: k", f"x-emulator-fault: status=400,code=a {WORD} code", body=BODY
    ),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage.set_up(tmp_path_factory.mktemp("secrets"))
    try:
        yield stage
    finally:
        print(stage.logs())
        stage.stop()


@pytest.fixture(scope="module")
def answers(running: Stage) -> dict[str, bytes]:
    """Everything above was sent, and recorded; what came back, by its name."""
    whole = {**WELL_FORMED, **MALFORMED, **PROMPTS}
    received = {name: send(running.proxy, request) for name, request in whole.items()}
    for request in LEFT_IN_THE_MIDDLE.values():
        send(running.proxy, request, is_whole=False)
    running.proxy.flush()
    return received


@pytest.fixture(scope="module")
def told(running: Stage, answers: dict[str, bytes]) -> Stage:
    """A stage on which everything above was sent, and recorded."""
    assert answers
    return running


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """Guards all tests below: a search that finds nothing anywhere would let everything pass."""
    (tmp_path / "plain").write_bytes(b"xx" + key("Header").encode())
    (tmp_path / "base64").write_bytes(base64.b64encode(b"1" + key("Header").encode() + b"22"))
    (tmp_path / "coded").write_bytes(b"a=AIza%2fPla%2bnted%3dOdd%260123456789")

    (tmp_path / "far").write_bytes(bytes(300_000) + key("Header").encode() + bytes(300_000))

    found = found_in(files(tmp_path), (key("Header"), ODD_KEY))

    places = [Path(place.partition(":")[0]).name for place in found]
    assert places == ["base64", "coded", "far", "plain"]


def test_a_planted_key_would_be_found_by_its_mark() -> None:
    """Guards all tests below, too: in every form of the whole."""
    for form in forms(key("Header")):
        assert found_in([("anywhere", b"x" + form)], MARKS)


def test_well_formed_requests_reached_upstream_and_malformed_ones_were_refused(
    answers: dict[str, bytes],
) -> None:
    """Guards the tests below: what never arrived cannot leak."""
    refused = {name for name, answer in answers.items() if b"interactions-proxy: " in answer}

    assert [name for name, answer in answers.items() if not answer] == []
    assert refused == set(MALFORMED)


def test_no_key_is_in_any_file_while_the_proxy_runs(told: Stage) -> None:
    assert found_in(files(told.proxy.data, told.folder / "logs"), MARKS) == []


def test_no_key_is_in_anything_that_sql_says(told: Stage) -> None:
    assert found_in(shown(told.proxy), MARKS) == []


@pytest.mark.parametrize("verb", ["sql", "show"])
def test_no_key_is_in_anything_that_the_command_line_says(told: Stage, verb: str) -> None:
    asked = {
        "sql": "SELECT *, content(content_ref) FROM timeline",
        "show": told.proxy.rows("SELECT max(interaction) FROM interactions")[0][0],
    }

    done = run_verb(verb, "--data", str(told.proxy.data), "--json", asked[verb])

    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert found_in([(verb, (done.stdout + done.stderr).encode())], MARKS) == []


def test_no_key_is_even_in_a_sealed_record(told: Stage) -> None:
    """Not hidden: gone. The heads are opened with the keys of the data folder."""
    assert found_in(_sealed_heads(told.proxy), MARKS) == []


def test_an_upload_address_is_a_secret_in_both_directions(told: Stage) -> None:
    started = send(
        told.proxy,
        lines(
            "POST /upload/v1beta/files HTTP/1.1",
            "x-goog-api-key: k",
            "X-Goog-Upload-Protocol: resumable",
            "X-Goog-Upload-Command: start",
            body=b"{}",
        ),
    )
    address = re.search(rb"(?im)^x-goog-upload-url: *(\S+)", started)
    assert address is not None, started
    (secret,) = re.findall(r"upload_id=([^&]+)", address[1].decode())
    send(told.proxy, lines(f"POST /upload/v1beta/files?upload_id={secret} HTTP/1.1", body=b"x"))
    told.proxy.flush()

    assert found_in(files(told.proxy.data, told.folder / "logs"), [secret]) == []
    assert found_in(_sealed_heads(told.proxy), [secret]) == []


def test_no_prompt_is_in_any_file_while_the_proxy_runs(told: Stage) -> None:
    assert found_in(files(told.proxy.data, told.folder / "logs"), [WORD]) == []


def test_no_prompt_is_in_anything_that_sql_says_without_being_asked_for_content(
    told: Stage,
) -> None:
    assert found_in(shown(told.proxy), [WORD]) == []


def test_a_prompt_and_its_answer_are_in_the_sealed_records(told: Stage) -> None:
    """Guards the two tests above: what was never recorded cannot leak."""
    vault = open_vault(told.proxy.data)
    refs = told.proxy.rows("SELECT side, content_ref FROM steps")

    opened = {
        side: [vault.content(ref) for its_side, ref in refs if its_side == side]
        for side in ("input", "output")
    }
    vault.close()

    for contents in opened.values():
        assert sum(WORD.encode() in content for content in contents) >= 4


def test_nothing_is_left_in_any_file_after_the_proxy_stopped(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """On a stage of its own: stopping checkpoints DuckDB and rewrites files."""
    stage = Stage.set_up(tmp_path_factory.mktemp("stopped"))
    for request in (*WELL_FORMED.values(), *PROMPTS.values()):
        send(stage.proxy, request)

    stage.stop()

    assert found_in(files(stage.proxy.data, stage.folder / "logs"), [*MARKS, WORD]) == []
    assert run_verb("rebuild", "--data", str(stage.proxy.data)).returncode == 0
    assert found_in(files(stage.proxy.data, stage.folder / "logs"), [*MARKS, WORD]) == []


def _sealed_heads(proxy: Proxy) -> Iterator[tuple[str, bytes]]:
    """Everything of all exchanges but their bodies, opened."""
    vault = open_vault(proxy.data)
    for id_, raw_ref in proxy.rows("SELECT exchange, raw_ref FROM exchanges"):
        try:
            opened = vault.exchange(raw_ref)
        except KeyDestroyed:
            continue
        heads = [opened.intent.head, opened.response_head, opened.detail.encode()]
        heads += [opened.request.trailers, opened.response.trailers]
        heads += [head.head for head in opened.interim_heads]
        yield f"{id_} {opened.intent.head[:60]!r}", b"\n".join(heads)
    vault.close()
