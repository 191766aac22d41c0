"""Each page in a real browser before a real proxy: opened, used, looked at by axe-core, in both themes and widths."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from proxy.admin.tokens import Role
from tests.outside.console.calls import PATH, call
from tests.outside.console.conftest import Place, Visit

LOOKS = [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)]


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_axe_finds_no_serious_fault_and_nothing_is_wider_than_the_window(
    visit: Visit, place: Place, theme: str, width: int
) -> None:
    visitor = visit(width=width, theme=theme)
    one = place.ids[-1]
    seen: dict[str, list[str]] = {}
    for path, shown in (
        *(("live", ".card"), ("find", ".row .badge"), (f"interactions/{one}", ".step")),
        *((f"interactions/{one}?tab=usage", "table"), (f"interactions/{one}?tab=fate", "table")),
        *((f"interactions/{one}?tab=exchanges", "table"), (f"conversations/{one}", ".turn")),
        *((f"interactions/{one}?tab=diff", ".panel"), ("retention", "h1")),
        ("conversations", ".row .badge"),
    ):
        page = visitor.open(path, reason="ticket 7")
        page.wait_for_selector(shown)
        if (theme, width) != ("dark", 390):  # each theme and each width once is enough for axe
            seen[path] = visitor.violations()
        overhang = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overhang <= 0, (path, overhang)

    assert {path: found for path, found in seen.items() if found} == {}


def test_an_address_that_is_written_wrongly_is_told_to_be_unknown(visit: Visit) -> None:
    page = visit().open("interactions/%E0%A4%A")

    page.wait_for_selector("text=nothing is known of this interaction")


def test_a_pasted_token_opens_the_console_and_shows_the_role(visit: Visit, place: Place) -> None:
    visitor = visit(token="")
    page = visitor.open("find")
    page.fill("#token", "ixp_" + "A" * 43)
    page.click("text=Sign in >> nth=-1")
    page.wait_for_selector("text=No such token")
    page.fill("#token", place.token(Role.VIEWER))
    page.click("button.primary")

    page.wait_for_selector(".row .badge")
    assert "viewer" in page.text_content(".who")
    assert page.evaluate("document.cookie") == ""


def test_a_token_behind_the_address_opens_it_and_is_taken_away(visit: Visit, place: Place) -> None:
    page = visit(token="").open(f"live#token={place.token()}")

    page.wait_for_selector(".card")
    assert page.url.endswith("/console/live")


def test_a_console_whose_files_do_not_arrive_says_what_to_do(visit: Visit) -> None:
    visitor = visit()
    visitor.page.route("**/session.js", lambda route: route.abort())
    page = visitor.open("find")
    page.wait_for_selector("text=reload the page")
    page.unroute("**/session.js")
    page.reload()
    page.wait_for_selector(".row .badge")
    assert page.locator("text=reload the page").count() == 0


def test_filters_stand_in_the_address_and_come_back_with_it(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("find")
    page.wait_for_selector(".row .badge")
    all_of_them = int(page.get_attribute(".row[aria-setsize]", "aria-setsize"))
    page.select_option("select[name=model]", "gemini-2.5-flash")
    page.wait_for_selector(".active .chip")
    page.wait_for_function(
        "n => document.querySelector('.row[aria-setsize]')?.ariaSetSize < n", arg=all_of_them
    )
    assert "model=gemini-2.5-flash" in page.url
    assert set(page.locator(".row .who-cell").all_inner_texts()) == {"gemini-2.5-flash"}

    page.reload()
    page.wait_for_selector(".active .chip")
    page.wait_for_selector(".row .who-cell")
    assert set(page.locator(".row .who-cell").all_inner_texts()) == {"gemini-2.5-flash"}
    page.click(".row a.id >> nth=0")
    page.wait_for_selector(".step")
    page.go_back()
    page.wait_for_selector(".active .chip")


def test_a_stream_is_seen_while_it_runs(visit: Visit, place: Place) -> None:
    page = visit().open("live")
    page.wait_for_selector(".card")
    body: dict[str, Any] = {"model": "gemini-3-flash-preview", "stream": True}
    body |= {"input": "Tell a long story. " * 200, "tools": [{"type": "google_search"}]}
    talks = [
        threading.Thread(target=call, args=(place.stage.proxy.url, "POST", PATH, body))
        for _ in range(6)
    ]
    for talk in talks:
        talk.start()

    page.wait_for_selector(".card.open")
    page.wait_for_selector(".card.open .flow li")
    for talk in talks:
        talk.join()
    page.wait_for_function("() => !document.querySelector('.card.open')")


def test_a_viewer_sees_facts_an_auditor_opens_content_with_a_reason(
    visit: Visit, place: Place
) -> None:
    path = f"interactions/{place.ids[-1]}"
    page = visit(Role.VIEWER).open(path)
    page.wait_for_selector(".step")
    assert "role viewer sees facts" in page.inner_text(".seal")
    assert page.locator("text=Open content").count() == 0
    said = page.inner_text(".steps")

    page = visit(Role.AUDITOR).open(path)
    page.click("text=Open content")
    page.fill("#reason", "Überprüfung 7")
    page.click("dialog button.primary")
    page.wait_for_selector(".step.shown .text")
    assert "In turn" in page.inner_text(".steps")
    assert "In turn" not in said
    assert "Überprüfung 7" in page.inner_text(".who")
    page.click("text=Exchanges")
    assert page.locator("button:text('Raw')").count() == 0
    place.stage.proxy.flush()
    told = place.stage.proxy.rows("SELECT data FROM acts WHERE kind = 'access'")
    assert any("\\u00dcberpr\\u00fcfung 7" in str(data) for (data,) in told)


def test_an_admin_reads_an_exchange_as_it_passed(visit: Visit, place: Place) -> None:
    page = visit().open(f"interactions/{place.ids[-1]}?tab=exchanges", reason="ticket 7")
    page.click("button:text('Raw') >> nth=0")

    page.wait_for_selector(".raw")
    shown = page.inner_text(".raw >> nth=0")
    assert shown.upper().startswith("REQUEST")
    assert "x-goog-api-key: fp:" in shown


def test_conversations_are_listed_and_lead_to_their_trees(visit: Visit) -> None:
    page = visit().open("find")
    page.click(".ways >> text=Conversations")
    page.wait_for_selector(".conversations .row .badge")
    count = int(page.get_attribute(".row[aria-setsize]", "aria-setsize"))
    page.select_option("select[name=turns]", "5")
    page.wait_for_function(
        "n => document.querySelector('.row[aria-setsize]')?.ariaSetSize < n", arg=count
    )
    assert "turns=5" in page.url

    page.click(".conversations .row a.id >> nth=0")
    page.wait_for_selector(".turn")
    assert page.locator(".turn").count() >= 5


def test_a_path_through_the_tree_is_chosen_and_linked(visit: Visit, place: Place) -> None:
    page = visit().open(f"conversations/{place.ids[-1]}")
    page.wait_for_selector(".turn")
    page.click(".turn:last-child button.pick")

    assert page.locator(".turn.on-path").count() >= 1
    assert page.get_attribute(".turn:last-child button.pick", "aria-pressed") == "true"
    assert "turn=" in page.url


def test_text_is_found_by_auditors(visit: Visit) -> None:
    page = visit(Role.AUDITOR).open("find?text=Lyngen", reason="ticket 7")

    page.wait_for_selector(".excerpt mark")
    assert page.inner_text(".excerpt mark >> nth=0") == "Lyngen"


def test_by_keyboard_alone(visit: Visit) -> None:
    page = visit().open("find")
    page.wait_for_selector(".row .badge")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "words"
    page.focus(".row a.id >> nth=0")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.closest('.row').dataset.index") == "1"
    page.keyboard.press("Enter")
    page.wait_for_selector(".step-head")
    page.focus(".step-head >> nth=0")
    page.keyboard.press("Enter")
    assert page.get_attribute(".step-head >> nth=0", "aria-expanded") == "true"
