"""Google's own types of the Interactions API, opened: what the newest SDK knows, and examples of it.

The SDK's models are generated from Google's description of the service, so they are a witness that
does not share our reading of it.
"""

from __future__ import annotations

import importlib
import pkgutil
import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import pydantic
from google.genai._gaos.types import interactions as sdk

Json = Any

DATA: Final = "iVBORw0KGgo="
"""Base64 of the first bytes of a PNG."""
_NOT_ENTERED: Final = frozenset({"UnrecognizedStr", "NoneType"})


def sdk_models() -> dict[str, type[pydantic.BaseModel]]:
    """All models by name, but the SDK's own unknown arms."""
    found: dict[str, type[pydantic.BaseModel]] = {}
    for info in pkgutil.iter_modules(sdk.__path__):
        module = importlib.import_module(f"{sdk.__name__}.{info.name}")
        for name, kind in vars(module).items():
            is_model = isinstance(kind, type) and issubclass(kind, pydantic.BaseModel)
            if is_model and "is_unknown" not in kind.model_fields:
                found[name] = kind
    return found


MODELS: Final = sdk_models()
EVENT_DATA: Final[Any] = MODELS["InteractionSSEStreamEvent"].model_fields["data"].annotation
"""The SDK's union of all events."""
STEPS: Final[Any] = MODELS["StepStart"].model_fields["step"].annotation
"""The SDK's union of all steps."""


def members(annotation: Any) -> list[Any]:
    """What may stand where a field has this annotation: unions, aliases and options opened."""
    if hasattr(annotation, "__value__"):  # typing_extensions.TypeAliasType
        return members(annotation.__value__)
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return members(typing.get_args(annotation)[0])
    if origin is typing.Union or origin is types.UnionType:
        return [each for part in typing.get_args(annotation) for each in members(part)]
    if isinstance(annotation, type):
        if annotation.__name__ in _NOT_ENTERED:
            return []
        if issubclass(annotation, pydantic.BaseModel) and "is_unknown" in annotation.model_fields:
            return []
    return [annotation]


def fields_of(model: type[pydantic.BaseModel]) -> dict[str, Any]:
    """Annotations by the name a field has on the wire."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def type_of(model: type[pydantic.BaseModel]) -> str | None:
    """The constant of its `type` (or `event_type`) field."""
    for name, field in model.model_fields.items():
        if (field.alias or name) in {"type", "event_type"}:
            found = words_of(field.annotation)
            return found.pop() if len(found) == 1 else None
    return None


def words_of(annotation: Any) -> set[str]:
    """All texts that its literals list."""
    return {
        word
        for each in members(annotation)
        if typing.get_origin(each) is Literal
        for word in typing.get_args(each)
    }


def models_of(annotation: Any) -> list[type[pydantic.BaseModel]]:
    """The models among its members."""
    return [
        each
        for each in members(annotation)
        if isinstance(each, type) and issubclass(each, pydantic.BaseModel)
    ]


def items_of(annotation: Any) -> list[Any]:
    """What its lists hold."""
    return [
        item
        for each in members(annotation)
        if typing.get_origin(each) is list
        for item in members(typing.get_args(each)[0])
    ]


def values_of(annotation: Any) -> list[Any]:
    """What its dictionaries hold."""
    return [
        value
        for each in members(annotation)
        if typing.get_origin(each) is dict
        for value in members(typing.get_args(each)[1])
    ]


def examples(annotation: Any, name: str = "") -> list[Json]:
    """One value for every alternative of an annotation; lists hold one item of every kind.

    A model gives as many examples as the field with the most alternatives needs; in each, every
    field is there.
    """
    return [found for each in members(annotation) for found in _examples_of_member(each, name)]


def _examples_of_member(member: Any, name: str) -> Iterator[Json]:
    origin = typing.get_origin(member)
    if origin is Literal:
        yield from typing.get_args(member)
    elif origin is list:
        yield examples(typing.get_args(member)[0], name)
    elif origin is dict:
        found = examples(typing.get_args(member)[1], name)
        yield {f"key{place}": value for place, value in enumerate(found)}
    elif isinstance(member, type) and issubclass(member, pydantic.BaseModel):
        yield from examples_of_model(member)
    else:
        yield _LEAVES[member] if name != "data" else DATA


def examples_of_model(model: type[pydantic.BaseModel]) -> list[dict[str, Json]]:
    """Examples of a model with all of its fields."""
    if not model.model_fields:
        return [{"celsius": 11}] if model.__name__.startswith("Function") else [{}]
    choices = {name: examples(kind, name) for name, kind in fields_of(model).items()}
    count = max(len(each) for each in choices.values())
    return [
        {name: each[min(place, len(each) - 1)] for name, each in choices.items()}
        for place in range(count)
    ]


_LEAVES: Final[dict[Any, Json]] = {
    str: "text",
    int: 3,
    float: 0.5,
    bool: True,
    Any: {"anything": [1]},
}
