"""The same calls in any version of google-genai. Runs in that SDK's own environment: imports nothing of ours.

python play.py URL        prints a JSON list of what the SDK made of each call
"""

from __future__ import annotations

import asyncio
import json
import sys
import warnings
from typing import Any

from google import genai

MODEL = "gemini-3-flash-preview"
AGENT = "deep-research-pro-preview-12-2025"
POLLS_MAX = 10


def plain(result: Any) -> Any:
    if hasattr(result, "model_dump"):
        return result.model_dump(mode="json")
    return result if result is None or isinstance(result, (str, int, list, dict)) else repr(result)


def failure(error: Exception) -> list[str]:
    return [type(error).__name__, str(error)]


def play(talk: Any) -> list[Any]:
    created = talk.create(model=MODEL, input="Say hello to Tromsø.")
    told = [plain(created)]
    stream = talk.create(
        model=MODEL, input="And now?", previous_interaction_id=created.id, stream=True
    )
    told.append([plain(event) for event in stream])
    told.append(plain(talk.get(id=created.id)))
    told.append(plain(talk.delete(id=created.id)))
    for call in (talk.get, talk.delete):
        try:
            told.append(plain(call(id=created.id)))
        except Exception as error:  # noqa: BLE001 - each version has its own exceptions
            told.append(failure(error))
    running = talk.create(agent=AGENT, input="Why are nights bright?", background=True)
    told.append(plain(running))
    for _ in range(POLLS_MAX):
        running = talk.get(id=running.id)
        told.append(plain(running))
        if running.status != "in_progress":
            break
    return told


async def play_async(talk: Any) -> list[Any]:
    created = await talk.create(model=MODEL, input="Say hello to Oslo.", store=True)
    told = [plain(created)]
    stream = await talk.create(model=MODEL, input="And now?", stream=True)
    told.append([plain(event) async for event in stream])
    told.append(plain(await talk.get(id=created.id)))
    told.append(plain(await talk.delete(id=created.id)))
    return told


def main(url: str) -> None:
    warnings.simplefilter("ignore")  # interactions were experimental in the old versions
    client = genai.Client(api_key="outside-key-0123456789", http_options={"base_url": url})
    told = play(client.interactions)
    told += asyncio.run(play_async(client.aio.interactions))
    json.dump({"version": genai.__version__, "told": told}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
