"""The first dialect of the old schema says of sources in results what the new one says in annotations."""

from __future__ import annotations

import pytest

from proxy.emulator.events.outputs import cited_by, early_content
from tests.emulator.examples import ANNOTATIONS, CONTENTS, STEPS

CITED = cited_by([CONTENTS["text"], CONTENTS["image"]])


def test_annotations_lose_their_type_and_keep_one_source() -> None:
    made = early_content(CONTENTS["text"], CITED)

    sources = [note["source"] for note in made["annotations"]]
    assert sources == [
        ANNOTATIONS["url_citation"]["url"],
        ANNOTATIONS["file_citation"]["document_uri"],
        ANNOTATIONS["place_citation"]["url"],
    ]
    assert all(set(note) == {"start_index", "end_index", "source"} for note in made["annotations"])


def test_a_search_shows_its_suggestions_and_its_pages() -> None:
    made = early_content(STEPS["google_search_result"], CITED)

    assert made["result"] == [
        {"rendered_content": "<div>zürich</div>"},
        {"url": ANNOTATIONS["url_citation"]["url"], "title": "Zürich at a glance"},
    ]


def test_a_file_search_shows_what_it_found() -> None:
    made = early_content(STEPS["file_search_result"], CITED)

    assert made["result"] == [
        {
            "title": "atlas.pdf",
            "text": "Zürich is a city in Switzerland.",
            "file_search_store": "fileSearchStores/atlas/documents/1",
        }
    ]


@pytest.mark.parametrize("kind", ["function_result", "mcp_server_tool_result"])
def test_results_of_several_parts_are_items(kind: str) -> None:
    parts = [*STEPS[kind]["result"], CONTENTS["image"]]

    made = early_content(STEPS[kind] | {"result": parts}, ())

    assert made["result"] == {"items": [STEPS[kind]["result"][0]["text"], CONTENTS["image"]]}


def test_a_plain_result_stays_as_it_is() -> None:
    assert early_content(STEPS["code_execution_result"], ()) == STEPS["code_execution_result"]
    assert early_content(STEPS["function_result"] | {"result": "4 °C"}, ())["result"] == "4 °C"
