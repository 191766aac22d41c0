"""A browser, and a proxy before an emulator with conversations to look at."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from proxy.admin.tokens import Role, add_token
from tests.admin.served import now
from tests.end_to_end.stage import Stage
from tests.outside.console.browser import Visitor, started
from tests.outside.console.calls import converse


@dataclass(frozen=True, slots=True)
class Place:
    """What there is to visit."""

    stage: Stage
    ids: list[str]

    @property
    def admin(self) -> str:
        url: str = self.stage.proxy.program.announced["admin"]
        return url

    def token(self, role: Role | None = None) -> str:
        """The owner's, or a new one."""
        folder: Path = self.stage.proxy.data / "admin"
        if role is None:
            return (folder / "local.token").read_text().strip()
        name = f"{role}-{secrets.token_hex(8)}"
        return add_token(folder / "tokens.json", name, role, now)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    stage = Stage.set_up(tmp_path_factory.mktemp("console"), "--speed", "4")
    try:
        ids = converse(stage.proxy.url)
        stage.proxy.flush()
        yield Place(stage, ids)
    finally:
        print(stage.logs())
        stage.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    with started() as running:
        yield running


Visit = Callable[..., Visitor]
HAS_FAILED: Final = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[HAS_FAILED] = report.failed
    return report


@pytest.fixture
def visit(browser: Any, place: Place, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """visit(role=None, base=None, token=None, width=, theme=): a visitor, whom nothing bad may have happened to."""
    visitors: list[Visitor] = []

    def begin(
        role: Role | None = None, base: str | None = None, token: str | None = None, **more: Any
    ) -> Visitor:
        given = place.token(role) if token is None else token
        visitors.append(Visitor(browser, base or place.admin, given, **more))
        return visitors[-1]

    yield begin
    for visitor in visitors:
        if request.node.stash.get(HAS_FAILED, False):
            print(visitor.story())
        visitor.close()
    assert [each.strangers for each in visitors] == [[] for _ in visitors]
    assert [each.faults for each in visitors] == [[] for _ in visitors]
