"""A JSON value that is valid for a JSON Schema, chosen by chance: structured output and call arguments.

Understands the subset that the API documents (reference, section 5.5) and what schema generators of the
usual Python and JavaScript libraries add: references, unions, constants, formats.
"""

from __future__ import annotations

from typing import Any, Final

from proxy.emulator.answers.chance import Chance
from proxy.emulator.asked.refusals import invalid
from proxy.emulator.asked.request import Json

DEPTH_MAX: Final = 6
"""Below this depth optional properties are left out and lists are as short as allowed: recursion ends."""

DEPTH_HARD: Final = 32
"""A schema that still asks for more here requires itself: such a value cannot exist, null stands for it."""

VALUES_MAX: Final = 10_000
"""Parts of a schema that are filled for one value; one that asks for more is too complex (section 5.5)."""

TEXT_MAX: Final = 10_000
"""Characters of a string, however many the schema asks for: the service enforces no lengths of strings."""

ITEMS_USUAL: Final = 2
"""Length of a list that the schema leaves open."""

NUMBER_MOST: Final = 2**53
STEP_LEAST: Final = 1e-9
"""Limits beyond the first count as it: not every reader holds larger whole numbers exactly."""

WORDS: Final = ("alder", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine")

FORMATS: Final = {
    "date": "2026-11-22",
    "date-time": "2026-11-22T10:00:00Z",
    "time": "10:00:00Z",
    "duration": "PT1H",
    "email": "ada@example.com",
    "uri": "https://example.com/",
    "uuid": "6f1ed002-ab59-4c5e-8a4d-1f8f6d1f0c11",
    "ipv4": "192.0.2.7",
    "hostname": "example.com",
}


def instance(schema: object, chance: Chance, hints: tuple[str, ...] = ()) -> Any:
    """A value for the schema. `hints` are words that free strings take first, such as names in a prompt.

    Raises:
        Refusal: 400, the schema asks for too large a value.
    """
    root = schema if isinstance(schema, dict) else {}
    return _Maker(root, chance, hints).value(root, 0)


class _Maker:
    def __init__(self, root: Json, chance: Chance, hints: tuple[str, ...]) -> None:
        self._root = root
        self._chance = chance
        self._hints = list(hints)
        self._left = VALUES_MAX

    def value(self, given: object, depth: int) -> Any:
        schema = self._resolved(given, depth)
        if depth > DEPTH_HARD:
            return None
        if "const" in schema:
            return schema["const"]
        if options := _list(schema, "enum"):
            return self._chance.pick(options)
        for union in ("anyOf", "oneOf"):
            if options := _list(schema, union):
                return self.value(options[-1] if depth > DEPTH_MAX else options[0], depth + 1)
        return self._typed(schema, depth)

    def _typed(self, schema: Json, depth: int) -> Any:
        match _kind(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "integer":
                return int(self._number(schema, whole=True))
            case "number":
                return self._number(schema, whole=False)
            case "boolean":
                return self._chance.below(2) == 1
            case "null":
                return None
        return self._string(schema)

    def _resolved(self, given: object, depth: int) -> Json:
        """Follow `$ref` and merge `allOf`, so that one plain schema is left."""
        self._left -= 1
        if self._left < 0:
            raise invalid(
                f"The schema is too complex: a value for it has more than {VALUES_MAX} parts. "
                "Lower its minItems, or require fewer of its properties."
            )
        schema = given if isinstance(given, dict) else {}
        for _ in range(DEPTH_HARD):
            reference = schema.get("$ref")
            if not isinstance(reference, str):
                break
            schema = self._referred(reference)
        merged = {key: value for key, value in schema.items() if key != "allOf"}
        if depth > DEPTH_HARD:
            return merged
        for part in _list(schema, "allOf"):
            for key, value in self._resolved(part, depth + 1).items():
                merged[key] = _merged(merged.get(key), value)
        return merged

    def _referred(self, reference: str) -> Json:
        place: Any = self._root
        for name in reference.removeprefix("#").split("/"):
            if name and isinstance(place, dict):
                place = place.get(name.replace("~1", "/").replace("~0", "~"))
        return place if isinstance(place, dict) else {}

    def _object(self, schema: Json, depth: int) -> Json:
        properties = schema.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        required = [name for name in _list(schema, "required") if isinstance(name, str)]
        names = [name for name in properties if depth < DEPTH_MAX or name in required]
        names += [name for name in required if name not in properties]
        return {name: self.value(properties.get(name, {}), depth + 1) for name in names}

    def _array(self, schema: Json, depth: int) -> list[Any]:
        fixed = [self.value(part, depth + 1) for part in _list(schema, "prefixItems")]
        least = _count(schema, "minItems", 0)
        usual = 0 if depth >= DEPTH_MAX else ITEMS_USUAL
        wanted = min(max(least, usual, len(fixed)), _count(schema, "maxItems", max(least, usual)))
        items = schema.get("items", {})
        return fixed + [self.value(items, depth + 1) for _ in range(wanted - len(fixed))]

    def _number(self, schema: Json, *, whole: bool) -> float:
        step = max(abs(_real(schema, "multipleOf") or 1), STEP_LEAST)
        least, above = _real(schema, "minimum"), _real(schema, "exclusiveMinimum")
        if least is None and above is not None:
            least = above + (step if whole else step / 2)
        most, below = _real(schema, "maximum"), _real(schema, "exclusiveMaximum")
        if most is None and below is not None:
            most = below - (step if whole else step / 2)
        if least is None:
            least = min(0, most) if most is not None else 0
        if most is None:
            most = least + 100 * step
        if whole or "multipleOf" in schema:
            first = -(-least // step)
            count = int(most // step - first) + 1
            number = (first + self._chance.below(max(count, 1))) * step
            return number if number <= most else least
        share = self._chance.below(1000) / 1000
        return float(min(most, round(least + (most - least) * share, 3)))

    def _string(self, schema: Json) -> str:
        text = FORMATS.get(str(schema.get("format")))
        if text is None:
            text = self._hints.pop(0) if self._hints else self._chance.pick(WORDS)
        least = min(_count(schema, "minLength", 0), TEXT_MAX)
        while len(text) < least:
            text += f" {self._chance.pick(WORDS)}"
        return text[: _count(schema, "maxLength", len(text))]


def _kind(schema: Json) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), "null")
    if isinstance(kind, str):
        return kind.lower()
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema or "prefixItems" in schema else "string"


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **new}
    if isinstance(old, list) and isinstance(new, list):
        return old + [item for item in new if item not in old]
    return new


def _count(schema: Json, name: str, default: int) -> int:
    """A length limit; schemas converted from protobuf write them as strings."""
    value = schema.get(name)
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return int(value) if isinstance(value, (int, float)) else default


def _real(schema: Json, name: str) -> float | None:
    value = schema.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return max(-NUMBER_MOST, min(value, NUMBER_MOST))


def _list(schema: Json, name: str) -> list[Any]:
    value = schema.get(name)
    return value if isinstance(value, list) else []
