"""Errors look as the API's errors do."""

from __future__ import annotations

import orjson
import pytest

from proxy.emulator.asked.refusals import CODES, Refusal, code_of, model_not_found


def test_the_usual_error_has_a_code_and_a_message() -> None:
    body, content_type = Refusal(404, "Gone.").body()

    assert orjson.loads(body) == {"error": {"code": "not_found", "message": "Gone."}}
    assert content_type == "application/json; charset=UTF-8"


def test_the_layer_in_front_answers_in_the_form_of_google_rpc() -> None:
    body, _ = Refusal(400, "No.", shape="rpc").body()

    error = {"code": 400, "message": "No.", "status": "INVALID_ARGUMENT", "details": []}
    assert orjson.loads(body) == {"error": error}


def test_the_same_can_come_in_a_list() -> None:
    body, _ = Refusal(429, "Slow down.", shape="list").body()

    assert orjson.loads(body)[0]["error"]["status"] == "RESOURCE_EXHAUSTED"


def test_a_front_end_answers_in_html() -> None:
    body, content_type = Refusal(502, "Bad gateway", shape="html").body()

    assert b"502" in body
    assert content_type.startswith("text/html")


def test_an_unknown_model_has_a_code_of_its_own() -> None:
    assert model_not_found("x").code == "model_not_found"


@pytest.mark.parametrize("status", sorted(CODES))
def test_every_status_on_demand_has_a_code(status: int) -> None:
    assert Refusal(status, "x").code == CODES[status]


def test_the_details_of_googles_form_name_a_reason() -> None:
    body, _ = Refusal(400, "Bad key.", shape="rpc", reason="API_KEY_INVALID").body()

    (detail,) = orjson.loads(body)["error"]["details"]
    assert detail["reason"] == "API_KEY_INVALID"


@pytest.mark.parametrize(
    ("status", "code"),
    [(405, "method_not_allowed"), (505, "http_version_not_supported"), (599, "api_error")],
)
def test_any_other_status_is_coded_by_its_text(status: int, code: str) -> None:
    assert code_of(status) == code
