"""Errors as the API words them: a status, a code, a message, in one of the shapes of the reference (section 13)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final, Literal, TypeAlias

import orjson

from proxy.errors import ProxyError

Shape: TypeAlias = Literal["api", "rpc", "list", "html", "empty"]

JSON_TYPE: Final = "application/json; charset=UTF-8"

CODES: Final = {
    400: "invalid_request",
    401: "authentication",
    402: "payment_required",
    403: "permission_denied",
    404: "not_found",
    408: "request_timeout",
    409: "aborted",
    413: "request_entity_too_large",
    416: "out_of_range",
    422: "unprocessable_entity",
    429: "rate_limit_exceeded",
    499: "cancelled",
    500: "api_error",
    501: "unimplemented",
    502: "bad_gateway",
    503: "service_unavailable",
    504: "deadline_exceeded",
}
"""The code of each status where a refusal names none; 404 has two, see `model_not_found`. The rest: `code_of`."""

RPC_NAMES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    412: "FAILED_PRECONDITION",
    416: "OUT_OF_RANGE",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}

ERROR_INFO: Final = "type.googleapis.com/google.rpc.ErrorInfo"


class Refusal(ProxyError):
    """The emulator will not do what was asked. Caught once, in the server, and answered with its body."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        shape: Shape = "api",
        reason: str | None = None,
    ) -> None:
        """`reason` is what the details of a body in the form of google.rpc say, as API_KEY_INVALID."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or code_of(status)
        self.shape = shape
        self.reason = reason
        self.headers: dict[str, str] = {}

    def body(self) -> tuple[bytes, str]:
        """The answer's bytes and its content type."""
        match self.shape:
            case "api":
                error = {"error": {"code": self.code, "message": self.message}}
                return orjson.dumps(error), JSON_TYPE
            case "rpc":
                return orjson.dumps({"error": self._rpc()}), JSON_TYPE
            case "list":
                return orjson.dumps([{"error": self._rpc()}]), JSON_TYPE
            case "html":
                title = f"{self.status} {self.message}"
                page = f"<html><head><title>{title}</title></head><body>{title}</body></html>\n"
                return page.encode(), "text/html; charset=UTF-8"
            case "empty":
                return b"", JSON_TYPE

    def _rpc(self) -> dict[str, object]:
        name = RPC_NAMES.get(self.status, "INTERNAL")
        kind = {"@type": ERROR_INFO, "reason": self.reason, "domain": "googleapis.com"}
        details: list[dict[str, Any]] = [kind] if self.reason else []
        return {"code": self.status, "message": self.message, "status": name, "details": details}


def code_of(status: int) -> str:
    """The code of an error with this status: the API's own, else its text in snake_case."""
    if status in CODES:
        return CODES[status]
    try:
        return HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_")
    except ValueError:
        return "api_error"


def invalid(message: str) -> Refusal:
    """A request that cannot be meant: 400 `invalid_request`."""
    return Refusal(400, message)


def not_found(what: str) -> Refusal:
    """An id that is unknown, deleted or expired."""
    return Refusal(404, f"{what} was not found.")


def model_not_found(name: str) -> Refusal:
    """A model or agent that is not in the catalogue."""
    return Refusal(404, f"Model or agent {name!r} was not found.", code="model_not_found")
