"""Takes secrets out of JSON that is going to be shown. Pure; raw bytes are never touched.

Structural: by where a value stands, not by what it looks like; but for the signature in a signed URL, which is
quoted anywhere. Source: reference, section 20; security.md 3.4. `signature` and `continuation_token` stay: opaque, and needed to follow a chain.
"""

from __future__ import annotations

import re
from typing import Any, Final

REDACTED: Final = "[redacted]"

_ANYWHERE: Final = frozenset(
    {
        "api_key",
        "apiKey",
        "client_secret",
        "clientSecret",
        "new_signing_secret",
        "newSigningSecret",
        "refresh_token",
        "refreshToken",
        "signing_secret",
        "signingSecret",
        "widget_context_token",
        "widgetContextToken",
    }
)
"""Fields whose value is a secret wherever they stand."""
_WHOLE: Final = frozenset(
    {
        ("allowlist", "transform"),
        ("sources", "content"),
        ("webhook_config", "uris"),
        ("webhookConfig", "uris"),
    }
)
"""(object or list of objects, field): the value is a secret."""
_VALUES: Final = frozenset(
    {
        ("tools", "headers"),
        ("environment", "env"),
        ("base_environment", "env"),
        ("baseEnvironment", "env"),
        ("environments", "env"),
    }
)
"""The same, but the value is a map whose names may be shown."""
_BY_OPERATION: Final = {
    "credentials": frozenset({"token", "value", "secret"}),
    "webhooks": frozenset({"secret"}),
    "auth_tokens": frozenset({"name", "token"}),
}
"""Fields whose value is a secret wherever they stand in a body of that operation."""
SIGNED: Final = b"ignature="
"""In what may hold a signed URL: any step may."""
_HINTS: Final = (
    b'ecret":',
    b'oken":',
    b'i_key":',
    b'iKey":',
    b'"env":',
    b'"headers":',
    b'"sources":',
    b'"transform":',
    b'"uris":',
    SIGNED,
)
"""Ends of all names above: looking for ten short strings costs half a microsecond a step, walking
the step twenty."""


_SIGNATURE: Final = re.compile(r"(?<=ignature=)[^&#\s\"'<>\\]+")
"""In a signed URL of Google's or Amazon's storage (X-Goog-Signature, X-Amz-Signature, Signature): who has it may
read the object."""


def may_hold_secret(dumped: bytes) -> bool:
    """Whether compact JSON, as orjson writes it, has any field that `redact` would look at."""
    for hint in _HINTS:  # noqa: SIM110 - any() with a generator costs three times this
        if hint in dumped:
            return True
    return False


def redact(value: Any, operation: str = "create") -> Any:
    """A deep copy with every secret replaced by REDACTED.

    Args:
        value: parsed JSON. Nesting is no concern: there is no recursion.
        operation: Target.operation of the exchange the body belongs to.
    """
    secret_names = _ANYWHERE | _BY_OPERATION.get(operation, frozenset())
    top: list[Any] = []
    root = "environment" if operation == "environments" else ""
    stack: list[tuple[Any, Any, str]] = [([value], top, root)]
    while stack:
        source, copy, parent = stack.pop()
        if isinstance(source, dict):
            for name, item in source.items():
                if name in secret_names or (parent, name) in _WHOLE:
                    copy[name] = _all_redacted(item) if isinstance(item, list) else REDACTED
                elif (parent, name) in _VALUES:
                    is_map = isinstance(item, dict)
                    copy[name] = dict.fromkeys(item, REDACTED) if is_map else REDACTED
                else:
                    copy[name] = _container(item, name, stack)
        else:
            copy.extend(_container(item, parent, stack) for item in source)
    return top[0]


def _all_redacted(items: list[Any]) -> list[str]:
    return [REDACTED] * len(items)


def _container(item: Any, parent: str, stack: list[tuple[Any, Any, str]]) -> Any:
    """A plain value as it is; an empty copy of a container, which the stack will fill."""
    if isinstance(item, dict | list):
        empty: Any = {} if isinstance(item, dict) else []
        stack.append((item, empty, parent))
        return empty
    if isinstance(item, str) and "ignature=" in item:
        return _SIGNATURE.sub(REDACTED, item)
    return item
