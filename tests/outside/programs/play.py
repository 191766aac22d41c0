"""Plays acts in any version of google-genai. Runs in that SDK's own environment: imports nothing of ours.

    python play.py PLAY.json URL sync|async

Reads {"key": "… {name} …", "abreast": bool, "acts": [[name, method, arguments], …]}; an act may end
with other arguments for SDKs of the old `outputs` schema. "$name.id" stands for the id that act `name`
returned, "$name.call" for that of its function call, "$name.event" for that of its third event.
A method with a dot, such as models.list, is one of the whole client. "clients", optional: http_options
by act's name, with "path" to be put after the URL and "vertex", the location of a Vertex client.
Prints {"version": …, "outcomes": {name: what the SDK made of it}}.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import ssl
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from google import genai
from google.oauth2.credentials import Credentials

IS_OLD = int(genai.__version__.split(".")[0]) < 2
RUNNING = ("queued", "in_progress")
POLLS_MAX = 20
ABREAST_MAX = 48

# The servers speak plain HTTP: one TLS context serves all clients, instead of some for each (80 ms).
_TLS = ssl.create_default_context()
ssl.create_default_context = lambda *_given, **_named: _TLS

Act = list[Any]
Outcome = dict[str, Any]


class Stage:
    """Where acts are played: a server's URL, and a client for each key."""

    def __init__(self, url: str, play: dict[str, Any], mode: str) -> None:
        self._url, self._key, self._mode = url, play["key"], mode
        self._options = play.get("clients", {})
        self._clients: dict[str, genai.Client] = {}

    def talk(self, name: str, method: str) -> Any:
        """What has the method: interactions, or what stands before its last dot."""
        key = self._key.replace("{name}", name)
        if key not in self._clients:  # kept: a client that goes out of scope closes its connections
            self._clients[key] = self._client(key, dict(self._options.get(name, {})))
        found = self._clients[key] if self._mode == "sync" else self._clients[key].aio
        for part in method.split(".")[:-1] or ["interactions"]:
            found = getattr(found, part)
        return found

    def _client(self, key: str, options: Any) -> genai.Client:
        options["base_url"] = self._url + options.pop("path", "")
        location = options.pop("vertex", None)
        if location is None:
            return genai.Client(api_key=key, http_options=options)
        return genai.Client(
            vertexai=True,
            project="my-proj",
            location=location,
            credentials=Credentials(token=key),  # type: ignore[no-untyped-call]
            http_options=options,
        )


async def perform(stage: Stage, act: Act, seen: dict[str, Any]) -> Outcome:
    """One act. Works for both clients: what the asynchronous one returns is awaited."""
    name, method, given = act[0], act[1], filled(act[3 if IS_OLD and len(act) > 3 else 2], seen)
    events: list[Any] = []
    is_stream = False
    try:
        talk = stage.talk(name, method)
        if method == "poll":
            result: Any = await polled(talk, given)
        else:
            result = await done(getattr(talk, method.rpartition(".")[2])(**given))
        if "." in method and is_many(result):
            result = [one async for one in each(result)]
        is_stream = given.get("stream") is True and not hasattr(result, "model_dump")
        if not is_stream:
            remember(name, result, seen)
            return {"type": type(result).__name__, "value": plain(result)}
        async for event in each(result):
            events.append(event)
            remember_event(name, event, events, seen)
    except Exception as error:  # noqa: BLE001 - each version has its own tree of exceptions
        return {**(streamed(events) if is_stream else {}), **raised(error)}
    return streamed(events)


async def done(result: Any) -> Any:
    return await result if inspect.isawaitable(result) else result


async def each(events: Any) -> Any:
    if hasattr(events, "__aiter__"):
        async for event in events:
            yield event
    else:
        for event in events:
            yield event


def is_many(result: Any) -> bool:
    """Whether it is a pager or a stream of the classic methods."""
    return hasattr(result, "__aiter__") or hasattr(result, "__next__")


async def polled(talk: Any, given: dict[str, Any]) -> list[Any]:
    """The interaction again and again, until it runs no more."""
    looks = []
    for _ in range(POLLS_MAX):
        looks.append(await done(talk.get(**given)))
        if looks[-1].status not in RUNNING:
            break
    return looks


def remember(name: str, result: Any, seen: dict[str, Any]) -> None:
    seen[f"${name}.id"] = getattr(result, "id", None)
    for one in getattr(result, "steps", None) or getattr(result, "outputs", None) or ():
        if getattr(one, "type", None) == "function_call":
            seen[f"${name}.call"] = one.id


def remember_event(name: str, event: Any, events: list[Any], seen: dict[str, Any]) -> None:
    if getattr(event, "interaction", None) is not None:
        seen[f"${name}.id"] = event.interaction.id
    if len(events) == 3:
        seen[f"${name}.event"] = getattr(event, "event_id", None)


def filled(value: Any, seen: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: filled(one, seen) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, seen) for one in value]
    return seen.get(value, value) if isinstance(value, str) and value.startswith("$") else value


def streamed(events: list[Any]) -> Outcome:
    kinds = [f"{type(event).__name__}:{getattr(event, 'event_type', None)}" for event in events]
    return {"events": kinds, "values": [plain(event) for event in events]}


def raised(error: Exception) -> Outcome:
    kind = type(error)
    return {
        "raised": f"{kind.__module__}.{kind.__qualname__}",
        "message": str(error),
        "status_code": getattr(error, "status_code", None),
    }


def plain(result: Any) -> Any:
    if hasattr(result, "model_dump"):
        # sdk_http_response repeats the HTTP headers, hop by hop ones too.
        return result.model_dump(mode="json", exclude_none=True, exclude={"sdk_http_response"})
    if isinstance(result, list):
        return [plain(one) for one in result]
    is_json = result is None or isinstance(result, (str, int, float, dict))
    return result if is_json else None


async def play_in_order(stage: Stage, acts: list[Act]) -> list[Outcome]:
    seen: dict[str, Any] = {}
    return [await perform(stage, act, seen) for act in acts]


async def play_abreast(stage: Stage, acts: list[Act]) -> list[Outcome]:
    return await asyncio.gather(*(perform(stage, act, {}) for act in acts))


def main(file: str, url: str, mode: str) -> None:
    warnings.simplefilter("ignore")  # interactions were experimental in the old versions
    play = json.loads(Path(file).read_text("utf-8"))
    stage, acts = Stage(url, play, mode), play["acts"]
    if not play["abreast"]:
        outcomes = asyncio.run(play_in_order(stage, acts))
    elif mode == "async":
        outcomes = asyncio.run(play_abreast(stage, acts))
    else:
        with ThreadPoolExecutor(ABREAST_MAX) as pool:
            outcomes = list(pool.map(lambda act: asyncio.run(perform(stage, act, {})), acts))
    told = {act[0]: outcome for act, outcome in zip(acts, outcomes, strict=True)}
    json.dump({"version": genai.__version__, "outcomes": told}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
