"""An admin listener in this process over a small database, and questions to it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from proxy.admin.links import Links
from proxy.admin.listener import AdminListener, AdminSettings, Means
from proxy.admin.tokens import Role, add_token
from proxy.recording.facts import ActFact
from proxy.store.asking.lending import LentTables
from proxy.store.vault.reader import VaultReader
from tests.store.samples import SECOND_NS, START_NS

NOW_NS = START_NS + 3600 * SECOND_NS
"""An hour after the samples."""


def now() -> datetime:
    return datetime.fromtimestamp(NOW_NS / 1e9, UTC)


@dataclass(slots=True)
class Acts:
    """What was told to the vault."""

    told: list[ActFact] = field(default_factory=list)
    refuses: bool = False

    @property
    def answered(self) -> list[ActFact]:
        """Without those about who was refused at the door of the listener."""
        return [act for act in self.told if '"query": "admin"' not in (act.data or "")]

    def tell(self, acts: Sequence[ActFact]) -> Future[Any]:
        done: Future[Any] = Future()
        if not self.refuses:
            self.told.extend(acts)
            done.set_result(None)
        return done


@dataclass(slots=True)
class Asked:
    """One answer."""

    status: int
    headers: Any
    body: bytes

    def json(self) -> Any:
        import orjson

        return orjson.loads(self.body)


@dataclass(slots=True)
class Served:
    """A listener that answers, and tokens for it."""

    settings: AdminSettings
    port: int
    acts: Acts
    wishes: list[tuple[str, dict[str, Any]]]
    """What the recorder was asked to do."""

    @property
    def local(self) -> str:
        return self.settings.local_token_path.read_text().strip()

    def token(self, role: Role) -> str:
        return add_token(self.settings.tokens_path, f"the-{role}", role, now)

    async def ask(
        self, path: str, token: str | None = None, *, method: str = "GET", **more: Any
    ) -> Asked:
        headers = dict(more.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        async with (
            aiohttp.ClientSession(f"http://127.0.0.1:{self.port}") as session,
            session.request(method, path, headers=headers, **more) as response,
        ):
            return Asked(response.status, response.headers, await response.read())


def no_reader() -> VaultReader:
    raise AssertionError("nothing is opened here")


@asynccontextmanager
async def served(
    folder: Path,
    tables: LentTables,
    open_reader: Callable[[], VaultReader] | None = None,
    notice_ns: int = 0,
) -> AsyncIterator[Served]:
    links = Links("https://traces.example/{trace_id}", "https://boards.example/?from={from}")
    settings = AdminSettings(
        data_folder=folder, hosts=("audit.example",), links=links, notice_ns=notice_ns
    )
    acts = Acts()
    (folder / "run").mkdir(exist_ok=True)

    def copy(target: Path) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(tables.snapshot(target))
        return done

    wishes: list[tuple[str, dict[str, Any]]] = []

    async def act(path: str, wish: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        wishes.append((path, wish))
        if wish.get("id") == "v1_none":
            return 400, {"error": "no interaction begins with v1_none"}
        return 200, {"plan": {"counts": {"interactions": 2}}, "asked": path}

    means = Means(
        acts.tell,
        copy,
        open_reader or no_reader,
        act=act,
        policies_file=folder / "policies.toml" if (folder / "policies.toml").exists() else None,
        label_mac=lambda label: f"mac-of-{label}",
    )
    listener = AdminListener(settings, tables, means, lambda: NOW_NS)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        async with listener.serving(bound):
            yield Served(settings, bound.getsockname()[1], acts, wishes)
