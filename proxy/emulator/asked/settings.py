"""Checks of a create body's settings: formats, limits, labels, safety, webhooks. Pure; refuses or is silent.

Source: the protocol reference, sections 5.1, 5.4, 5.5 and 5.8.
"""

from __future__ import annotations

import re
from typing import Any, Final

from proxy.emulator.asked import vocabulary
from proxy.emulator.asked.refusals import Refusal, invalid
from proxy.emulator.asked.vocabulary import Json

LABEL_KEY: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
LABEL_VALUE: Final = re.compile(r"[a-z0-9_-]{0,63}")
"""Up to 63 characters of lower-case letters, digits, `_` and `-`; a key starts with a letter."""

SCHEMA_DEPTH_MAX: Final = 32
"""Deeper schemas are refused as too complex; the service's own limit is undocumented."""

CAMEL: Final = re.compile(r"_([a-z])")


def check_settings(body: Json) -> None:
    """Check everything beside input, model and state.

    Raises:
        Refusal: 400 with the field's name and what it takes.
    """
    _word(body, "service_tier", vocabulary.TIERS)
    for name, check in CHECKS.items():
        if body.get(name) is not None:
            check(body[name])
    if body.get("webhook_config") is not None and not body.get("background"):
        raise invalid("webhook_config needs background=true.")


def check_known(body: Json) -> None:
    """Refuse fields and words that the API does not know: for a strict mode, since the API grows.

    Raises:
        Refusal: 400 in the form of the layer in front of the API.
    """
    for name in body:
        if name not in vocabulary.TOP_LEVEL_FIELDS:
            message = f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
            raise Refusal(400, message, shape="rpc")
    config = body.get("generation_config")
    if isinstance(config, dict):
        for name, words in vocabulary.GENERATION_WORDS.items():
            _known(config.get(name), words, f"generation_config.{name}")
        video = config.get("video_config")
        task = video.get("task") if isinstance(video, dict) else None
        _known(task, vocabulary.VIDEO_TASKS, "generation_config.video_config.task")
    formats = body.get("response_format")
    for entry in formats if isinstance(formats, list) else [formats]:
        if isinstance(entry, dict):
            for name, words in vocabulary.FORMAT_WORDS.get(str(entry.get("type")), {}).items():
                _known(either(entry, name), words, f"response_format.{name}")


def either(entry: Json, name: str) -> Any:
    """A field in snake_case, or as some SDKs spell it, in camelCase."""
    if name in entry:
        return entry[name]
    return entry.get(CAMEL.sub(lambda found: found[1].upper(), name))


def _generation(config: object) -> None:
    if not isinstance(config, dict):
        raise invalid("generation_config must be an object.")
    limit = config.get("max_output_tokens")
    if limit is not None and (not _is_whole(limit) or limit < 1):
        raise invalid("generation_config.max_output_tokens must be a whole number from 1.")
    if config.get("seed") is not None and not _is_whole(config["seed"]):
        raise invalid("generation_config.seed must be a whole number.")
    stops = config.get("stop_sequences")
    if stops is not None and not _is_texts(stops):
        raise invalid("generation_config.stop_sequences must be a list of strings.")
    choice = config.get("tool_choice")
    if isinstance(choice, dict) and isinstance(choice.get("allowed_tools"), dict):
        place = "generation_config.tool_choice.allowed_tools."
        _word(choice["allowed_tools"], "mode", vocabulary.TOOL_CHOICES, place)
    else:
        _word(config, "tool_choice", vocabulary.TOOL_CHOICES, "generation_config.")


def _formats(value: object) -> None:
    for entry in value if isinstance(value, list) else [value]:
        if not isinstance(entry, dict):
            raise invalid("response_format must be an object or a list of objects.")
        if _is_deep(entry, SCHEMA_DEPTH_MAX):
            raise invalid(
                f"response_format has a schema that is too complex: more than {SCHEMA_DEPTH_MAX} "
                "levels. Use a flatter one."
            )


def _labels(labels: object) -> None:
    if not isinstance(labels, dict):
        raise invalid("labels must be a map from strings to strings.")
    for key, value in labels.items():
        if not LABEL_KEY.fullmatch(key):
            raise invalid(
                f"labels has the key {key[:80]!r}: a key has up to 63 lower-case letters, digits, "
                "_ and -, and starts with a letter."
            )
        if not isinstance(value, str) or not LABEL_VALUE.fullmatch(value):
            raise invalid(
                f"labels has a bad value for {key!r}: up to 63 lower-case letters, digits, _ and -."
            )


def _safety(value: object) -> None:
    for setting in value if isinstance(value, list) else [value]:
        if not isinstance(setting, dict):
            raise invalid("safety_settings must be a list of objects.")
        for name, words, is_required in (
            ("type", vocabulary.HARMS, True),
            ("threshold", vocabulary.THRESHOLDS, True),
            ("method", vocabulary.HARM_METHODS, False),
        ):
            if is_required and name not in setting:
                raise invalid(f"safety_settings needs a {name} in every entry.")
            _word(setting, name, words, "safety_settings.")


def _webhook(config: object) -> None:
    if not isinstance(config, dict) or not _is_texts(config.get("uris", [])):
        raise invalid("webhook_config must be an object with a list of uris.")
    if not isinstance(config.get("user_metadata", {}), dict):
        raise invalid("webhook_config.user_metadata must be an object.")


def _environment(value: object) -> None:
    if not isinstance(value, (str, dict)):
        raise invalid("environment must be an id, 'remote', or an object.")


def _tools(value: object) -> None:
    if not isinstance(value, list) or not all(
        isinstance(tool, dict) and isinstance(tool.get("type"), str) for tool in value
    ):
        raise invalid("tools must be a list of objects, each with a type.")


CHECKS: Final = {
    "generation_config": _generation,
    "response_format": _formats,
    "labels": _labels,
    "safety_settings": _safety,
    "webhook_config": _webhook,
    "environment": _environment,
    "tools": _tools,
}
"""By field: what checks its value, if the body has one."""


def _word(body: Json, name: str, words: frozenset[str], place: str = "") -> None:
    value = body.get(name)
    if value is not None and (not isinstance(value, str) or value not in words):
        raise invalid(f"{place}{name} must be one of {_listed(words)}.")


def _known(value: object, words: frozenset[str], place: str) -> None:
    if isinstance(value, str) and value not in words:
        message = f'Invalid value at "{place}": "{value}" is none of {_listed(words)}.'
        raise Refusal(400, message, shape="rpc")


def _listed(words: frozenset[str]) -> str:
    return ", ".join(sorted(words))


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_deep(value: object, levels: int) -> bool:
    """Whether objects lie more than so many levels inside each other."""
    inner: list[Any] = [value]
    for _ in range(levels * 2):
        # A level of a schema is an object in `properties`, or an object in a list: two steps down.
        inner = [
            part
            for item in inner
            for part in (item.values() if isinstance(item, dict) else item)
            if isinstance(part, (dict, list))
        ]
        if not inner:
            return False
    return True
