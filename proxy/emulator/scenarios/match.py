"""Whether a request is the one a turn waits for, and if not, why not. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from proxy.emulator.asked.input import contents_of, function_results
from proxy.emulator.asked.request import CreateRequest, Json
from proxy.emulator.scenarios.script import NONE, Text, When

SHOWN_MAX: Final = 80
"""Characters of a text in a message."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with what is known of its past."""

    request: CreateRequest
    previous: str | None
    """The turn it builds on; NONE if it builds on nothing, None if on what no turn answered."""
    continues: str | None
    """The turn whose continuation token it brings."""
    calls: dict[str, str]
    """Function names by the ids of the calls that turns have made."""


def differences(when: When, asked: Asked) -> list[str]:
    """In what a request is not as expected, a sentence each; nothing if it fits."""
    return list(_differences(when, asked))


def described(asked: Asked) -> str:
    """A request in a line, for messages."""
    request = asked.request
    parts = [f"{'model' if request.model else 'agent'} {request.name}"]
    text = said(request.steps)
    if text:
        parts.append(f"input {_short(text)}")
    results = [each.get("call_id") for each in function_results(request.steps)]
    if results:
        parts.append(f"results of {', '.join(map(str, results))}")
    if request.continuation_token:
        parts.append("a continuation token")
    if asked.previous not in (None, NONE):
        parts.append(f"previous turn {asked.previous}")
    elif request.previous_id:
        parts.append(f"previous interaction {_short(request.previous_id)}")
    return ", ".join(parts)


def said(steps: tuple[Json, ...]) -> str:
    """All text of what the caller said, without the results of functions."""
    texts = [content.get("text") for content in _contents(steps)]
    return "\n".join(text for text in texts if isinstance(text, str))


def _differences(when: When, asked: Asked) -> Iterator[str]:
    request = asked.request
    for name, wanted, found in (
        ("model", when.model, request.model),
        ("agent", when.agent, request.agent),
        ("previous", when.previous, asked.previous),
        ("continues", when.continues, asked.continues),
    ):
        if wanted is not None and wanted != found:
            yield f"{name} is {found or 'not given'}, not {wanted}"
    for name, flag, is_so in (
        ("stream", when.stream, request.is_streaming),
        ("background", when.background, request.is_background),
        ("store", when.store, request.is_stored),
    ):
        if flag is not None and flag != is_so:
            yield f"{name} is {str(is_so).lower()}"
    if when.input is not None:
        yield from _text_differences(when.input, request.steps)
    answered = {
        name for result in function_results(request.steps) for name in _names(result, asked)
    }
    for wanted in when.result_of:
        if wanted not in answered:
            yield f"input brings no function_result of {wanted}"
    offered = {str(tool.get("name") or tool.get("type")) for tool in request.tools}
    offered |= {str(tool.get("type")) for tool in request.tools}
    for wanted in when.tools:
        if wanted not in offered:
            yield f"no tool {wanted}"


def _text_differences(wanted: Text, steps: tuple[Json, ...]) -> Iterator[str]:
    text = said(steps)
    if wanted.equals is not None and text != wanted.equals:
        yield f"input is {_short(text)}, not {_short(wanted.equals)}"
    for part in wanted.contains:
        if part not in text:
            yield f"input {_short(text)} does not contain {_short(part)}"
    if wanted.matches is not None and not wanted.matches.search(text):
        yield f"input {_short(text)} does not match {wanted.matches.pattern}"
    kinds = {content.get("type") for content in _contents(steps)}
    for kind in wanted.has:
        if kind not in kinds:
            yield f"input has no {kind}"


def _contents(steps: tuple[Json, ...]) -> Iterator[Json]:
    """What the caller said last: contents of `user_input` behind the last step of the model.

    In stateless use the whole conversation comes along; what was said before is not looked at.
    """
    last = 0
    for place, step in enumerate(steps):
        if step.get("type") not in ("user_input", "function_result"):
            last = place + 1
    for step in steps[last:]:
        if step.get("type") == "user_input":
            yield from contents_of(step)


def _names(result: Json, asked: Asked) -> Iterator[str]:
    """What a result may be called: its call, the function it names, the function of its call."""
    call = str(result.get("call_id"))
    yield call
    yield str(result.get("name"))
    yield asked.calls.get(call, call)


def _short(text: str) -> str:
    shown = " ".join(text.split())
    return f"{shown if len(shown) <= SHOWN_MAX else shown[: SHOWN_MAX - 1] + '…'!r}"
