"""Before a proxy with everything on: a steward, a witness, links to other programs, and a gap in the recording."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from proxy.admin.tokens import Role, add_token
from tests.admin.served import now
from tests.end_to_end.programs import look_until
from tests.end_to_end.stage import Stage
from tests.outside.console.calls import PATH, call
from tests.outside.console.conftest import Visit
from tests.recorder.trail.witness import serving_witness

KEY = "a-made-up-key-for-the-steward"
TRIES_MAX = 20
"""Kills until one hits what was seen and not recorded; mostly the first does."""
LINKS: dict[str, object] = {
    "console__trace_url": "https://traces.example/t/{trace_id}",
    "console__dashboard_url": "https://boards.example/d?from={from}&to={to}",
}


@dataclass(frozen=True, slots=True)
class Watched:
    stage: Stage
    ids: list[str]

    @property
    def admin(self) -> str:
        url: str = self.stage.proxy.program.announced["admin"]
        return url

    @property
    def owner(self) -> str:
        return (self.stage.proxy.data / "admin" / "local.token").read_text().strip()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    key = tmp_path_factory.mktemp("key") / "key"
    key.write_text(KEY)
    with serving_witness() as witness:
        stage = Stage.set_up(
            tmp_path_factory.mktemp("watched"),
            journal__mode="available",
            steward__credential_file=key,
            trail__witness_url=witness.url,
            **LINKS,
        )
        try:
            ids = [created(stage, number) for number in range(3)]
            look_until(lambda: (witness.held and witness.held[-1].size > 4) or None, "a witness")
            yield Watched(stage, ids)
        finally:
            print(stage.logs())
            stage.stop()


def created(stage: Stage, number: int) -> str:
    body: dict[str, Any] = {"model": "gemini-3-flash-preview", "input": f"{number}?"}
    body["labels"] = {"team": f"team-{number}"}
    told: dict[str, Any] = call(stage.proxy.url, "POST", PATH, body, key=KEY)
    stage.proxy.flush()
    return str(told["id"])


def test_steward_and_witness_are_seen_and_that_recording_is_not_strict(
    visit: Visit, watched: Watched
) -> None:
    page = visit(base=watched.admin, token=watched.owner).open("health")

    page.wait_for_selector("li:has(b:text('Steward')) .badge[data-tone=good]")
    page.wait_for_selector(".banner >> text=Recording is not strict")
    page = visit(base=watched.admin, token=watched.owner).open("audit?tab=trail")
    page.wait_for_selector("text=/witness/i")


def test_the_proof_of_an_exchange_is_computed_in_the_browser(
    visit: Visit, watched: Watched
) -> None:
    viewer = add_token(watched.stage.proxy.data / "admin" / "tokens.json", "v", Role.VIEWER, now)
    page = visit(base=watched.admin, token=viewer).open(f"interactions/{watched.ids[0]}?tab=fate")
    page.click("text=Check in this browser")
    page.wait_for_selector(".proof .note[data-tone=good]")
    assert "1 exchange proven" in page.inner_text(".proof .note")

    broken = page.evaluate(
        """async (id) => {
          const { checked } = await import(document.querySelector("script[type=module]").src.replace("main.js", "proof.js"));
          const token = sessionStorage.getItem("ixp.token");
          const told = await (await fetch(`/v1/interactions/${id}/proof`, { headers: { Authorization: `Bearer ${token}` } })).json();
          const states = [];
          const look = async (change) => {
            const copy = structuredClone(told);
            change(copy, copy.leaves[0]);
            const found = await checked(copy).catch(() => null);
            states.push(found === null ? "refused" : found.is_signed === false ? "unsigned" : found.leaves[0].state);
          };
          await look(() => {});
          await look((_, leaf) => { leaf.manifest = btoa("another record"); });
          await look((_, leaf) => { leaf.proof.reverse(); leaf.proof.push(leaf.proof[0] ?? btoa("x".repeat(32))); });
          await look((_, leaf) => { leaf.index += 1; });
          await look((_, leaf) => { leaf.entry = btoa(atob(leaf.entry).replace('"outcome":', '"outcome":1')); });
          await look((copy) => { copy.checkpoint = copy.checkpoint.replace(/\\n[0-9]+\\n/, "\\n99999\\n"); });
          return states;
        }""",
        watched.ids[0],
    )
    assert broken == ["proven", "broken", "broken", "broken", "broken", "unsigned"]


def test_an_interaction_leads_to_its_trace_and_to_the_dashboards_of_its_time(
    visit: Visit, watched: Watched
) -> None:
    page = visit(base=watched.admin, token=watched.owner).open(f"interactions/{watched.ids[0]}")
    page.wait_for_selector("a:text('Trace')")

    trace = page.locator("a:text('Trace')")
    assert re.fullmatch(r"https://traces\.example/t/[0-9a-f]{32}", trace.get_attribute("href"))
    assert trace.get_attribute("rel") == "noreferrer noopener"
    boards = urlsplit(page.get_attribute("a:text('Dashboards')", "href"))
    start, end = re.findall(r"\d{13}", boards.query)
    assert (boards.hostname, int(end) - int(start) >= 600_000) == ("boards.example", True)


def test_by_its_label_an_auditor_finds_an_interaction_and_a_viewer_is_not_asked(
    visit: Visit, watched: Watched
) -> None:
    page = visit(base=watched.admin, token=watched.owner).open("find")
    page.fill("input[name=label]", "team=team-1")
    page.press("input[name=label]", "Enter")
    page.wait_for_selector(".active .chip")
    page.wait_for_function("() => document.querySelectorAll('.row a.id').length === 1")
    assert page.get_attribute(".row a.id", "title") == watched.ids[1]

    viewer = add_token(watched.stage.proxy.data / "admin" / "tokens.json", "w", Role.VIEWER, now)
    page = visit(base=watched.admin, token=viewer).open("find")
    page.wait_for_selector(".row .badge")
    assert page.locator("input[name=label]").count() == 0


def test_what_passed_unrecorded_is_told_on_every_page(visit: Visit, watched: Watched) -> None:
    proxy = watched.stage.proxy
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            try:
                call(proxy.url, "GET", "/v1beta/models")
            except OSError:
                continue

    talks = [threading.Thread(target=load) for _ in range(8)]
    for talk in talks:
        talk.start()
    try:
        for _ in range(TRIES_MAX):
            (worker,) = look_until(lambda: proxy.gateways() or None, "a gateway")
            os.kill(worker, signal.SIGKILL)
            look_until(lambda: worker not in proxy.gateways() or None, "its end")  # noqa: B023 - called here
            proxy.flush()
            if proxy.rows("SELECT 1 FROM gaps WHERE exchange_count > 0"):
                break
    finally:
        stop.set()
        for talk in talks:
            talk.join()

    page = visit(base=watched.admin, token=watched.owner).open("find")
    page.wait_for_selector(".banner >> text=passed unrecorded")
