"""What search tools find, and what an answer may cite from them."""

from __future__ import annotations

import orjson
import pytest

from proxy.emulator.answers.tools import grounding
from tests.emulator.answers.asking import asked, unknown_to_sdk


def test_every_type_of_search_is_made() -> None:
    kinds = ["web_search", "image_search", "enterprise_web_search"]

    used = grounding.google_search({"search_types": kinds}, asked("Firs"))

    calls = [step for step in used.steps if step["type"] == "google_search_call"]
    assert [call["search_type"] for call in calls] == kinds
    assert all(call["arguments"] == {"queries": ["Firs"]} for call in calls)
    assert {source["type"] for source in used.sources} == {"url_citation"}
    assert unknown_to_sdk(used.steps) == []


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://example.com/a", "success"),
        ("https://example.com/error", "error"),
        ("https://paywall.example.com/", "paywall"),
        ("https://example.com/unsafe/b", "unsafe"),
    ],
)
def test_an_address_says_how_it_fares(url: str, status: str) -> None:
    used = grounding.url_context({}, asked(f"Read {url} for me"))

    call, result = used.steps
    assert call["arguments"] == {"urls": [url]}
    assert result["result"] == [{"url": url, "status": status}]
    assert result.get("is_error", False) == (status != "success")
    assert [source["url"] for source in used.sources] == ([url] if status == "success" else [])


def test_passages_come_from_the_stores_named_and_are_cited_with_all_fields() -> None:
    tool = {"file_search_store_names": ["s/a", "s/b"], "top_k": 3, "metadata_filter": "year > 1"}

    used = grounding.file_search(tool, asked("Firs"))

    assert [entry["file_search_store"] for entry in used.steps[1]["result"]] == [
        "s/a",
        "s/b",
        "s/a",
    ]
    assert len(used.sources) == 3
    assert set(used.sources[0]) == {
        "type",
        "document_uri",
        "file_name",
        "source",
        "page_number",
        "media_id",
        "custom_metadata",
    }
    assert used.sources[0]["custom_metadata"]["filter"] == "year > 1"


def test_retrieval_runs_each_type_and_never_shows_a_key() -> None:
    kinds = ["vertex_ai_search", "rag_store", "exa_ai_search", "parallel_ai_search"]
    tool = {"retrieval_types": kinds, "exa_ai_search_config": {"api_key": "hush"}}

    used = grounding.retrieval(tool, asked("Firs"))

    calls = [step for step in used.steps if step["type"] == "retrieval_call"]
    assert [call["retrieval_type"] for call in calls] == kinds
    assert b"hush" not in orjson.dumps([used.steps, used.sources])
    assert unknown_to_sdk(used.steps) == []


def test_places_have_reviews_and_are_cited_and_lie_where_the_tool_says() -> None:
    tool = {"latitude": 47.4, "longitude": 8.5, "enable_widget": True}

    used = grounding.google_maps(tool, asked("Cafés"))

    found = used.steps[1]["result"][0]
    assert "47.4,8.5" in found["places"][0]["url"]
    assert set(found["places"][0]["review_snippets"][0]) == {"title", "url", "review_id"}
    assert found["widget_context_token"]
    assert [source["type"] for source in used.sources] == ["place_citation"] * 2
    assert (
        "widget_context_token"
        not in grounding.google_maps({}, asked("Cafés")).steps[1]["result"][0]
    )


def test_results_are_errors_on_order() -> None:
    failed = asked("https://example.com emulate: error")

    assert grounding.google_search({}, failed).steps[1]["is_error"]
    assert grounding.url_context({}, failed).steps[1]["is_error"]
    assert grounding.retrieval({}, failed).steps[1]["is_error"]
