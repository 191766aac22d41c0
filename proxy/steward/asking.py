"""Whom the steward talks to: the recorder, for what is known; the gateway, for what is not. Unix sockets both."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import orjson
from yarl import URL

from proxy.errors import ProxyError

RECORDER_S: Final = 90.0
"""More than the minute after which the recorder says by itself that it is late."""
ANSWER_S: Final = 120.0
"""A GET of a stored interaction takes under a second; one with megabytes of media some more."""
PIECE_BYTES: Final = 64 * 1024
AGENT: Final = "interactions-proxy-steward"
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_STATUS_OK: Final = 200
_STATUS_REFUSED: Final = 400


class NotAnswered(ProxyError):
    """Our own gateway or recorder does not answer now: both are started again by the supervisor."""


class Cut(NotAnswered):
    """There are more rows than one answer holds."""


class Refused(NotAnswered):
    """The recorder does not understand what it is asked, or knows no such thing."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is left of an answer: the recorder has the rest."""

    status: int
    retry_after_s: int | None
    body: bytes = b""
    """Only where it was asked for."""
    date_s: float | None = field(default=None, compare=False)
    """Upstream's own clock, Unix time."""


class Recorder:
    """Asks the recorder and tells it acts."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def query(self, name: str, **parameters: object) -> list[dict[str, Any]]:
        """Rows of a shipped query, by column.

        Raises:
            NotAnswered: try again later.
        """
        return (await self._asked(name, parameters))[0]

    async def whole(self, name: str, **parameters: object) -> list[dict[str, Any]]:
        """The same where no row may be missing.

        Raises:
            Cut: some are: ask for less at once.
            NotAnswered: try again later.
        """
        rows, is_cut = await self._asked(name, parameters)
        if is_cut:
            raise Cut(f"the recorder has more rows of {name} than one answer holds")
        return rows

    async def _asked(
        self, name: str, parameters: Mapping[str, object]
    ) -> tuple[list[dict[str, Any]], bool]:
        told = await self._post("/query", {"name": name, "parameters": parameters}, f" {name}")
        rows = [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]
        return rows, bool(told.get("is_cut"))

    async def flush(self) -> None:
        """Returns when all that is durable now can be asked for. Raises NotAnswered."""
        await self._post("/flush", {})

    async def tell(self, acts: Sequence[Mapping[str, object]]) -> None:
        """Returns when they are durable. Raises NotAnswered."""
        await self._post("/acts", {"acts": list(acts)})

    async def labels(self, labels: Sequence[str]) -> dict[str, str | None]:
        """By what each `key=value` is found. Raises NotAnswered."""
        if not labels:
            return {}
        found: dict[str, str | None] = (await self._post("/labels", {"labels": list(labels)}))[
            "labels"
        ]
        return found

    async def erase(
        self, interactions: Sequence[str], reason: str, *, is_dry: bool
    ) -> dict[str, Any] | None:
        """The plan for our own copies, or their end. None: there is none of one of these ids.

        Raises:
            NotAnswered: try again later.
        """
        wish: dict[str, object] = {"reason": reason, "actor": "steward", "dry_run": is_dry}
        wish |= {"ids": list(interactions)}
        try:
            return await self._post("/erase", wish)
        except Refused:
            return None

    async def _post(self, path: str, body: Mapping[str, object], named: str = "") -> dict[str, Any]:
        try:
            async with self._session.post(path, data=orjson.dumps(body)) as response:
                answer = orjson.loads(await response.read())
                if response.status == _STATUS_OK and isinstance(answer, dict):
                    return answer
                said = f"the recorder answered {path}{named} with {response.status}"
                raise (Refused if response.status == _STATUS_REFUSED else NotAnswered)(said)
        except (aiohttp.ClientError, OSError, TimeoutError, orjson.JSONDecodeError) as error:
            raise NotAnswered(f"the recorder does not answer: {type(error).__name__}") from error


class Gateway:
    """Asks upstream, through one of the gateway's own sockets."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(
        self, target: str, headers: Mapping[str, str], *, body_bytes_max: int = 0
    ) -> Told:
        """One GET; at most so much of the body is kept.

        Raises:
            NotAnswered: the gateway broke off, or cannot be reached.
        """
        return await self.send("GET", target, headers, body_bytes_max=body_bytes_max)

    async def send(
        self, method: str, target: str, headers: Mapping[str, str], *, body_bytes_max: int = 0
    ) -> Told:
        """One request without a body, as `get`. Raises NotAnswered."""
        # Given as encoded: yarl would write the path in its own way.
        url = URL(f"http://upstream{target}", encoded=True)
        try:
            async with self._session.request(
                method, url, headers=headers, allow_redirects=False
            ) as response:
                body = b""
                async for piece in response.content.iter_chunked(PIECE_BYTES):
                    body += piece[: max(0, body_bytes_max - len(body))]
                retry_after_s, date_s = _retry_after_s(response.headers), _date_s(response.headers)
                return Told(response.status, retry_after_s, body, date_s)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise NotAnswered(f"the gateway does not answer: {type(error).__name__}") from error


class Neighbours:
    """All of them, for as long as the context lasts. What the verifier is answered is not recorded but for its size."""

    def __init__(self, run_folder: Path) -> None:
        self._run_folder = run_folder
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.recorder = Recorder(await self._session("recorder.sock", RECORDER_S))
        self.gateway = Gateway(await self._session("steward.sock", ANSWER_S))
        self.verifier = Gateway(await self._session("verify.sock", ANSWER_S))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def _session(self, socket: str, total_s: float) -> aiohttp.ClientSession:
        # A connection each: on a kept one aiohttp repeats a GET by itself when it turns out to be closed.
        connector = aiohttp.UnixConnector(str(self._run_folder / socket), force_close=True)
        session = aiohttp.ClientSession(
            "http://upstream",
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=total_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            headers={"User-Agent": AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"},
        )
        return await self._stack.enter_async_context(session)


def _retry_after_s(headers: Mapping[str, str]) -> int | None:
    value = headers.get("Retry-After", "").strip()
    return int(value) if _SECONDS.fullmatch(value) else None


def _date_s(headers: Mapping[str, str]) -> float | None:
    try:
        return parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
