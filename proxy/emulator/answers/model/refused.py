"""Answers that were blocked or could not be generated, on a prompt's order (reference, section 13.2).

Which of `errors`, `model_output.error` and HTTP errors carries a code is undocumented. Here: blocked
output is a `model_output` with an error and no content, a failed generation lacks the output; both are
`failed` with the code in `errors`.
"""

from __future__ import annotations

from typing import Final

from proxy.emulator.answers.occasion import BLOCKED, FAILED, Occasion
from proxy.emulator.asked.request import CreateRequest, Json

INVALID_ARGUMENT: Final = 3
"""google.rpc's number, as `model_output.error` has it."""

HARMLESS: Final = frozenset({"block_none", "off"})


def refusal(occasion: Occasion) -> tuple[list[Json], Json] | None:
    """The output instead of an answer (none or one step) and the interaction's error; None: no such order."""
    orders = occasion.orders
    if not orders:
        return None
    for code, harm in BLOCKED.items():
        if code in orders and not passes(occasion.request, harm):
            message = f"The output was blocked: {code}."
            status = {"code": INVALID_ARGUMENT, "message": message, "details": []}
            step = {"type": "model_output", "content": [], "error": status}
            return [step], {"code": code, "message": message}
    for code in FAILED:
        if code in orders:
            return [], {"code": code, "message": f"The generation failed: {code}."}
    if "failed" in orders:
        return [], {"code": "api_error", "message": "Emulated failure."}
    return None


def passes(request: CreateRequest, harm: str | None) -> bool:
    """Whether the safety settings let this harm through."""
    settings = request.raw.get("safety_settings")
    return harm is not None and any(
        setting.get("type") == harm and setting.get("threshold") in HARMLESS
        for setting in (settings if isinstance(settings, list) else ())
        if isinstance(setting, dict)
    )
