"""Text as models write it: sentences by chance, cut where the caller says, annotated with sources."""

from __future__ import annotations

import re
from typing import Final

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.occasion import Occasion, prompt
from proxy.emulator.answers.tools.pairs import Source
from proxy.emulator.answers.usage import BYTES_PER_TOKEN, text_tokens
from proxy.emulator.asked.input import contents_of
from proxy.emulator.asked.request import Json

SENTENCES: Final = (
    "The short answer is yes, with two reservations.",
    "Larches lose their needles in autumn; firs do not.",
    "Measured twice, the result was the same to the third digit.",
    "In Tromsø the sun stays up from May to July ✓.",
    "Nothing in the sources contradicts this.",
    "A second look at the numbers is worth the time.",
    "Grüße aus Zürich: the café opens at seven.",
    "That holds for small inputs, and the large ones follow.",
    "日本語の例もあります。",
    "Keep the original, and note what was changed.",
)
ASCII_SENTENCES: Final = tuple(sentence for sentence in SENTENCES if sentence.isascii())

EXCERPT_CHARACTERS: Final = 80
"""Longest quotation of a prompt; an ellipsis stands for the rest."""

RECALL: Final = re.compile(
    r"what did i (?:say|write|ask)(?: \w+)? (first|last|before)|what was my (first|last)",
    re.IGNORECASE,
)
"""Questions about the conversation so far; the answer quotes it."""


def spoken(text: str, sources: list[Source]) -> Json:
    """A `model_output` with one text, each of whose sources is cited in a sentence."""
    content: Json = {"text": text, "type": "text"}
    if sources and text:
        content["annotations"] = citations(text, sources)
    return {"content": [content], "type": "model_output"}


def citations(text: str, sources: list[Source]) -> list[Json]:
    """A citation of one sentence for each source; bounds count bytes of UTF-8, not characters."""
    ends = [place for place, letter in enumerate(text) if letter == "."] or [len(text) - 1]
    cited = []
    for index, source in enumerate(sources):
        last = ends[min(index, len(ends) - 1)] + 1
        first = ends[index - 1] + 1 if 0 < index < len(ends) else 0
        bounds = {"start_index": _bytes(text[:first]), "end_index": _bytes(text[:last])}
        cited.append({**source, **bounds})
    return cited


def sentences(occasion: Occasion) -> str:
    """A plain answer: what it is about, what it was told to be, some sentences."""
    chance = occasion.chance
    told = occasion.request.system_instruction
    said = [opening(occasion)]
    if told:
        said.append(f"As instructed (“{excerpt(told)}”):")
    said += [chance.pick(SENTENCES) for _ in range(2 + chance.below(3))]
    return " ".join(said)


def opening(occasion: Occasion) -> str:
    """The first sentence: what was said, in which turn; or what an earlier turn said."""
    if occasion.context.hops_left is not None:
        return "To continue:"
    if asked := RECALL.search(occasion.text):
        return recalled(occasion, is_first=(asked[1] or asked[2]).lower() == "first")
    done = f"wrote “{excerpt(occasion.text)}”" if occasion.text else "showed something"
    if occasion.results:
        told = prompt(occasion.results)
        done = f"gave a result: “{excerpt(told)}”" if told else "gave a result"
    return f"In turn {occasion.context.turn} you {done}."


def recalled(occasion: Occasion, *, is_first: bool) -> str:
    """What the user said first, or last before this, in the conversation behind the request."""
    given = occasion.request.steps
    texts = [
        str(content.get("text"))
        for step in (*occasion.context.before, *given[:-1])
        if step.get("type") == "user_input"
        for content in contents_of(step)
        if content.get("type") == "text"
    ]
    if not texts:
        return "You said nothing before this."
    place, text = ("First", texts[0]) if is_first else ("Last", texts[-1])
    return f"{place} you said “{excerpt(text)}”."


def excerpt(text: str) -> str:
    """A text as it is quoted: whole if it is short."""
    if len(text) <= EXCERPT_CHARACTERS:
        return text
    return text[: EXCERPT_CHARACTERS - 3] + "…"


def sized(size: int, chance: Chance) -> str:
    """ASCII text of exactly `size` bytes."""
    sentence = f"{chance.pick(ASCII_SENTENCES)} "
    return (sentence * (size // len(sentence) + 1))[:size]


def stopped(text: str, sequences: object) -> str:
    """The text up to the first of the stop sequences, without it."""
    for sequence in sequences if isinstance(sequences, list) else ():
        if isinstance(sequence, str) and sequence:
            text = text.partition(sequence)[0]
    return text


def shorten(steps: list[Json], limit: object) -> bool:
    """Cut the last step's text to `max_output_tokens`; whether that was needed."""
    if not isinstance(limit, int) or not steps or steps[-1]["type"] != "model_output":
        return False
    contents = steps[-1].get("content") or [{}]
    text = contents[0].get("text")
    if not isinstance(text, str) or text_tokens(text) <= limit:
        return False
    kept = text.encode()[: limit * BYTES_PER_TOKEN].decode(errors="ignore")
    steps[-1] = {"content": [{"text": kept, "type": "text"}], "type": "model_output"}
    return True


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
