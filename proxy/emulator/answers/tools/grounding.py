"""Tools that find what an answer cites: Google Search, URL context, file search, retrieval, Google Maps.

Source: the protocol reference, sections 5.3, 7 and 8.2.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.occasion import Occasion
from proxy.emulator.answers.tools.pairs import Source, Used, names_in, pair
from proxy.emulator.asked.request import Json

REDIRECT: Final = "https://vertexaisearch.cloud.google.com/grounding-api-redirect/emulated"
"""Search grounding cites redirect links on a Google host, not the source's own address."""

SUGGESTION: Final = (
    '<style>.chip{{border-radius:16px;padding:4px}}</style><div class="carousel">'
    '<a class="chip" href="https://www.google.com/search?q={query}">{query}</a></div>'
)
URLS_MAX: Final = 20
"""Documented limit of URL context: so many addresses in one request."""

URL_TROUBLES: Final = ("error", "paywall", "unsafe")
"""Statuses of a page that an address asks for by having the word in it."""

FILES_FOUND: Final = 2
"""Passages that a file search gives where `top_k` does not say."""


def google_search(tool: Json, occasion: Occasion) -> Used:
    """One search for each type asked for."""
    kinds = tool.get("search_types")
    kinds = [str(kind) for kind in kinds] if isinstance(kinds, list) and kinds else ["web_search"]
    used = Used(sources=searched_pages(occasion.text))
    for kind in kinds:
        is_error = "error" in occasion.orders
        used.steps += search_pair(occasion.query, occasion.chance, kind, is_error=is_error)
    return used


def search_pair(
    query: str, chance: Chance, kind: str = "web_search", *, is_error: bool = False
) -> list[Json]:
    """One Google search: the call with its query, the result with its suggestions."""
    shown = SUGGESTION.format(query=re.sub(r"[^\w ]", "", query)[:80].strip())
    found: Json = {"result": [{"search_suggestions": shown}]}
    return pair(
        "google_search",
        chance,
        {"arguments": {"queries": [query]}, "search_type": kind},
        {"result": [], "is_error": True} if is_error else found,
    )


def searched_pages(text: str) -> list[Source]:
    """Two made-up pages, behind redirect links as search grounding gives them."""
    topic = (names_in(text) or ["Trees"])[0]
    return [
        {"type": "url_citation", "url": f"{REDIRECT}-1", "title": f"{topic} at a glance"},
        {"type": "url_citation", "url": f"{REDIRECT}-2", "title": f"Über {topic} ✓"},
    ]


def url_context(_tool: Json, occasion: Occasion) -> Used:
    """The addresses of the prompt, read; one with `error`, `paywall` or `unsafe` in it fares so."""
    urls = re.findall(r"https?://[^\s\"'<>)]+", occasion.text)[:URLS_MAX]
    urls = urls or ["https://example.com/"]
    found = [{"url": url, "status": _url_status(url, occasion)} for url in urls]
    read = [entry["url"] for entry in found if entry["status"] == "success"]
    call = {"arguments": {"urls": urls}}
    result: Json = {"result": found} if read else {"result": found, "is_error": True}
    return Used(
        pair("url_context", occasion.chance, call, result),
        [{"type": "url_citation", "url": url, "title": _title(url)} for url in read],
    )


def file_search(tool: Json, occasion: Occasion) -> Used:
    """Passages of documents, from each store named."""
    stores = tool.get("file_search_store_names")
    stores = stores if isinstance(stores, list) and stores else ["fileSearchStores/emulated"]
    count = tool.get("top_k")
    count = count if isinstance(count, int) and count > 0 else FILES_FOUND
    used = Used()
    passages: list[Json] = []
    for number in range(1, min(count, 2 * FILES_FOUND) + 1):
        store = str(stores[(number - 1) % len(stores)])
        text = f"Passage {number} on “{occasion.query[:40]}”."
        passages.append({"title": f"report-{number}.pdf", "text": text, "file_search_store": store})
        metadata: Json = {"year": 2020 + number}
        if tool.get("metadata_filter"):
            metadata["filter"] = str(tool["metadata_filter"])
        used.sources.append(
            {
                "type": "file_citation",
                "document_uri": f"{store}/documents/report-{number}",
                "file_name": f"report-{number}.pdf",
                "source": store,
                "page_number": number,
                "media_id": f"{store}/media/report-{number}",
                "custom_metadata": metadata,
            }
        )
    used.steps = pair("file_search", occasion.chance, {}, {"result": passages})
    return used


def retrieval(tool: Json, occasion: Occasion) -> Used:
    """One retrieval for each type asked for; keys in the tool's settings are never shown."""
    kinds = tool.get("retrieval_types")
    kinds = [str(kind) for kind in kinds] if isinstance(kinds, list) else []
    used = Used()
    for kind in kinds or ["vertex_ai_search"]:
        used.steps += pair(
            "retrieval",
            occasion.chance,
            {"retrieval_type": kind, "arguments": {"queries": [occasion.query]}},
            {"is_error": "error" in occasion.orders},
        )
        used.sources.append(
            {
                "type": "url_citation",
                "url": f"https://retrieval.example/{kind}/1",
                "title": f"{kind}: first document",
            }
        )
    return used


def google_maps(tool: Json, occasion: Occasion) -> Used:
    """Two places with reviews, near the tool's coordinates if it has them."""
    found: Json = {"places": [_place(number, tool) for number in (1, 2)]}
    if tool.get("enable_widget"):
        found["widget_context_token"] = f"widgetcontent/{occasion.chance.data(12).hex()}"
    steps = pair(
        "google_maps",
        occasion.chance,
        {"arguments": {"queries": [occasion.query]}},
        {"result": [found]},
    )
    return Used(steps, [{"type": "place_citation", **place} for place in found["places"]])


def _place(number: int, tool: Json) -> Json:
    name = ("Café Über", "Larch Garden")[number - 1]
    near = ""
    if tool.get("latitude") is not None and tool.get("longitude") is not None:
        near = f"&ll={tool['latitude']},{tool['longitude']}"
    url = f"https://maps.google.com/?cid={number}{near}"
    review = {
        "title": f"A visit to {name}",
        "url": f"https://maps.google.com/reviews/{number}",
        "review_id": f"emulated-review-{number}",
    }
    place_id = f"emulated-place-{number}"
    return {"place_id": place_id, "name": name, "url": url, "review_snippets": [review]}


def _url_status(url: str, occasion: Occasion) -> str:
    if "error" in occasion.orders:
        return "error"
    return next((trouble for trouble in URL_TROUBLES if trouble in url.lower()), "success")


def _title(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname or url}{parts.path.rstrip('/')}"
