"""Traffic for the console: conversations with forks, tools, streams, refusals, a background run, a deletion."""

from __future__ import annotations

import http.client
import json
import random
from typing import Any, Final
from urllib.parse import urlparse

PATH: Final = "/v1beta/interactions"
MODELS: Final = ("gemini-3-flash-preview", "gemini-3-pro-preview", "gemini-2.5-flash")
PROMPTS: Final = (
    *("Compare two routes over the Lyngen Alps.", "Write a table of fjords and their depths."),
    *("What is the weather in Tromsø?", "Sum the squares up to 100."),
)
TOOLS: Final[tuple[list[dict[str, Any]], ...]] = (
    [],
    [{"type": "google_search"}],
    [{"type": "code_execution"}],
    [{"type": "url_context"}],
    [{"type": "function", "name": "get_weather", "parameters": {"type": "object"}}],
)


def call(url: str, method: str, path: str, body: Any = None, key: str = "k1") -> Any:
    """Parsed JSON, or the bytes of a stream."""
    at = urlparse(url)
    connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=60)
    headers = {"Content-Type": "application/json", "x-goog-api-key": key}
    headers["User-Agent"] = "google-genai-sdk/3.4.0 gl-python/3.11.7"
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    data = connection.getresponse().read()
    connection.close()
    try:
        return json.loads(data)
    except ValueError:
        return data


def converse(url: str, count: int = 30) -> list[str]:
    """Creates `count` interactions; returns ids. The same every time."""
    chance = random.Random(3)
    ids: list[str] = []
    for number in range(count):
        body: dict[str, Any] = {"model": chance.choice(MODELS), "input": chance.choice(PROMPTS)}
        body["generation_config"] = {"thinking_summaries": "auto", "temperature": 0.2}
        if tools := chance.choice(TOOLS):
            body["tools"] = tools
        if ids and number % 5:
            body["previous_interaction_id"] = chance.choice(ids[-4:])
        if number % 3 == 0:
            body["system_instruction"] = "Be brief."
        if number % 4 == 1:
            body["stream"] = True
        if number == 7:
            body["model"] = "no-such-model"
        told = call(url, "POST", PATH, body, key=f"k{number % 3}")
        if isinstance(told, dict) and told.get("id"):
            ids.append(told["id"])
    call(url, "DELETE", f"{PATH}/{ids[0]}")
    return ids
