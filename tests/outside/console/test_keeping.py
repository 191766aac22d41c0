"""Retention, Audit and Health before a real proxy: holds, erasure with its receipt, SQL, exports, and who may what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proxy.admin.tokens import Role
from tests.outside.console.calls import PATH, call, converse
from tests.outside.console.conftest import Place, Visit

LOOKS = [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)]
PAGES = (
    *(("retention", ".cal-mark"), ("retention?where=here", ".nothing")),
    *(("audit?name=acts_latest", ".chosen table"), ("audit?tab=sql", ".schema")),
    *(("audit?tab=sql&sql=FROM audit.coverage", ".panel table"), ("audit?tab=trail", ".stats")),
    *(("audit?name=tokens_by_model", ".chart"), ("audit?tab=access", "table")),
    ("health", ".hbars"),
)


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_axe_finds_no_serious_fault_and_nothing_is_wider_than_the_window(
    visit: Visit, theme: str, width: int
) -> None:
    visitor = visit(width=width, theme=theme)
    seen: dict[str, list[str]] = {}
    for path, shown in PAGES:
        page = visitor.open(path)
        page.wait_for_selector(shown)
        if (theme, width) != ("dark", 390):  # each theme and each width once is enough for axe
            seen[path] = visitor.violations()
        overhang = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overhang <= 0, (path, overhang)

    assert {path: found for path, found in seen.items() if found} == {}


def confirm(page: Any, **fields: str) -> None:
    """Fill a dialog in and send it."""
    for name, text in fields.items():
        page.fill(f"dialog #{name}", text)
    page.click("dialog button.primary")


def test_a_hold_protects_until_it_is_released_and_what_waited_goes_then(
    visit: Visit, place: Place
) -> None:
    (mine, *_) = converse(place.stage.proxy.url, 1)
    place.stage.proxy.flush()
    page = visit(Role.OPERATOR).open("retention")
    page.click("text=Place a hold…")
    confirm(page, target=mine, why="case 7")
    page.wait_for_selector("dialog >> text=is in force")
    page.click("dialog button.primary")
    row = page.locator("table:not(.cal) tr", has_text="case 7")
    row.wait_for()

    page.click("text=Erase…")
    confirm(page, what=mine, why="ticket 8")
    page.wait_for_selector("dialog >> text=a hold protects it")
    assert page.locator("dialog .plan-group", has_text=mine).count() == 1
    confirm(page, sure="erase")
    page.wait_for_selector("dialog >> text=Nothing went now")
    page.click("dialog button.primary")
    assert (mine,) not in place.stage.proxy.rows("SELECT interaction FROM audit.erased")

    page.wait_for_selector("text=Waits until its holds end")
    row.get_by_role("button").click()
    page.wait_for_selector("dialog >> text=cannot be had back")
    confirm(page, why="case closed")
    page.wait_for_selector("dialog >> text=is released")
    page.wait_for_selector("dialog .receipt >> text=are destroyed")
    assert (mine,) in place.stage.proxy.rows("SELECT interaction FROM audit.erased")


def test_another_plan_than_the_one_shown_is_not_carried_out(visit: Visit, place: Place) -> None:
    asked = {"model": "gemini-3-flash-preview", "input": "What is kept?"}
    mine = call(place.stage.proxy.url, "POST", PATH, asked)["id"]
    place.stage.proxy.flush()
    page = visit(Role.OPERATOR).open("retention")
    page.click("text=Erase…")
    confirm(page, what=mine, why="ticket 9")
    page.wait_for_selector("dialog #sure")
    call(place.stage.proxy.url, "GET", f"{PATH}/{mine}")
    place.stage.proxy.flush()

    confirm(page, sure="erase")
    page.wait_for_selector("dialog >> text=the plan is another one by now")

    assert (mine,) not in place.stage.proxy.rows("SELECT interaction FROM audit.erased")


def test_more_holds_than_a_page_has_are_turned_by_pages(visit: Visit, place: Place) -> None:
    visitor = visit(Role.OPERATOR)
    page = visitor.open("retention")
    page.click("text=Place a hold…")
    confirm(page, target=place.ids[-1], why="case 8")
    page.wait_for_selector("dialog >> text=is in force")
    page = visitor.open("retention?holds=7")

    page.wait_for_selector("section:has(h2:text('Holds')) >> text=Later")
    page.click("section:has(h2:text('Holds')) >> text=Later")
    page.wait_for_function("() => !location.search.includes('holds=')")
    page.wait_for_selector(
        "section:has(h2:text('Holds')) .pager:not(:has(button))", state="attached"
    )


def test_an_erasure_is_planned_confirmed_and_shows_its_receipt(visit: Visit, place: Place) -> None:
    mine = converse(place.stage.proxy.url, 1)[0]
    place.stage.proxy.flush()
    page = visit(Role.OPERATOR).open(f"interactions/{mine}?tab=fate")
    page.click("text=Erase our copy…")
    page.wait_for_selector("#what")
    assert page.input_value("#what") == mine
    confirm(page, why="request of the person")
    page.wait_for_selector("dialog >> text=Not reached by it")
    assert "Google's own copy" in page.inner_text("dialog")
    confirm(page, sure="yes")  # not the word: the dialog stays
    assert page.locator("dialog #sure").count() == 1
    confirm(page, sure="erase")
    page.wait_for_selector(".receipt")

    assert "are destroyed" in page.inner_text(".receipt")
    erasure = page.get_attribute(".receipt", "data-erasure")
    page.click("dialog button.primary")
    page.wait_for_selector(f"text={erasure[:10]}")
    told = place.stage.proxy.rows("SELECT interaction, erasure FROM audit.erased")
    assert (mine, erasure) in told
    log = place.stage.proxy.rows(
        "SELECT query, reason, outcome FROM audit.access_log WHERE query IN ('erase', 'erase_plan')"
    )
    assert ("erase_plan", "request of the person", "answered") in log
    assert ("erase", "request of the person", "answered") in log


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR])
def test_who_may_not_act_is_offered_nothing(visit: Visit, role: Role) -> None:
    page = visit(role).open("retention?erase=v1_x")
    page.wait_for_selector(".cal-mark")

    assert page.locator("text=Erase…").count() == 0
    assert page.locator("text=Place a hold…").count() == 0
    assert page.locator("dialog").count() == 0


def test_the_copies_behind_a_day_are_listed_and_linked(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("retention")
    page.click(".cal-mark >> nth=0")
    page.wait_for_selector(".copy-row a.id")
    assert "lane=may_expire" in page.url

    page.reload()
    page.wait_for_selector(".copy-row a.id")
    page.click(".copy-row a.id >> nth=0")
    page.wait_for_selector(".step")


def test_rows_that_did_not_come_say_so_and_are_asked_for_again(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    page.route("**/v1/retention/copies*", lambda route: route.abort())
    visitor.open("retention")
    page.click(".cal-mark >> nth=0")
    page.wait_for_selector(".row.lost >> text=does not answer")
    assert page.locator(".row.lost").count() == 1

    page.unroute("**/v1/retention/copies*")
    page.click("text=Ask again")
    page.wait_for_selector(".copy-row a.id")
    assert page.locator(".row.lost").count() == 0


def test_sql_is_completed_by_keyboard_run_and_exported(visit: Visit, tmp_path: Path) -> None:
    page = visit(Role.VIEWER).open("audit?tab=sql")
    page.wait_for_selector(".schema")
    page.fill("#sql", "")
    page.type("#sql", "SELECT status, count(*) AS n FROM audit.interac")
    page.wait_for_selector(".completions li")
    page.keyboard.press("Tab")
    page.type("#sql", " GROUP BY stat")
    page.wait_for_selector(".completions li")
    page.keyboard.press("Enter")
    assert page.input_value("#sql").endswith("FROM audit.interactions GROUP BY status")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".answer-head")
    page.wait_for_selector("td:text('completed')")
    assert page.locator("[data-form]").count() == 3
    assert page.locator("text=open content(ref)").count() == 0

    for form, begins in (("csv", b"status,n"), ("json", b'{"rows"'), ("parquet", b"PAR1")):
        with page.expect_download() as waited:
            page.click(f"[data-form={form}]")
        target = tmp_path / f"answer.{form}"
        waited.value.save_as(target)
        assert target.read_bytes().startswith(begins)
        assert waited.value.suggested_filename == f"answer.{form}"

    page.fill("#sql", "SELECT nothing_of_it FROM audit.interactions")
    page.click("text=Run >> nth=0")
    page.wait_for_selector(".note[data-tone=bad]")


def test_a_shipped_question_takes_its_parameters_from_the_address(visit: Visit) -> None:
    page = visit(Role.VIEWER).open("audit?name=acts_latest&p.kind=mode")
    page.wait_for_selector(".chosen td")

    assert page.input_value("input[name=kind]") == "mode"
    assert {"mode"} == set(page.locator(".chosen tbody td:nth-child(2)").all_inner_texts())


def test_who_opened_content_stands_in_the_log_that_everybody_sees(
    visit: Visit, place: Place
) -> None:
    visit(Role.AUDITOR).open(f"interactions/{place.ids[-1]}", reason="ticket 99").wait_for_selector(
        ".step.shown .text"
    )
    place.stage.proxy.flush()
    page = visit(Role.VIEWER).open("audit?tab=access")
    page.wait_for_selector("text=ticket 99")


def test_a_banner_on_every_page_says_that_recording_is_not_strict(visit: Visit) -> None:
    visitor = visit()
    told = {"workers": [], "recorder": {}, "policy_reports": 0, "is_strict": False}
    told["problems"] = ["worker 0 is not strict: exchanges may pass unrecorded"]
    visitor.page.route("**/v1/health", lambda route: route.fulfill(body=json.dumps(told)))
    for path in ("live", "find", "retention", "audit", "health"):
        page = visitor.open(path)
        page.wait_for_selector(".banner >> text=Recording is not strict")
