"""Sixty attacks in every field that is stored and shown: no script runs, nothing leaves, the policy has nothing to refuse."""

from __future__ import annotations

import http.client
import json
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlparse

import pytest

from tests.end_to_end.programs import look_until
from tests.end_to_end.stage import Proxy
from tests.outside.console.conftest import Visit
from tests.outside.console.hostile import ASKED_TEN, PAYLOADS, Upstream, question

GROUPS = len(PAYLOADS) // ASKED_TEN


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    upstream = Upstream()
    proxy = Proxy(tmp_path_factory.mktemp("hostile"), upstream.url)
    at = urlparse(proxy.url)
    for number in range(GROUPS):
        connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=60)
        headers = {"x-number": str(number), "x-goog-api-key": "k"}
        headers |= {"User-Agent": "<script>window.__ran=1</script>"}
        body = json.dumps(question(number))
        connection.request("POST", "/v1beta/interactions", body, headers)
        assert connection.getresponse().read()
        connection.close()
    proxy.flush()
    yield proxy
    print(proxy.program.log_tail())
    proxy.stop()
    upstream.close()


def test_nothing_recorded_runs_or_leaves(visit: Visit, attacked: Proxy) -> None:
    assert len(PAYLOADS) == 60
    base: str = attacked.program.announced["admin"]
    token = (attacked.data / "admin" / "local.token").read_text().strip()
    before = reports(base, token)  # the next test may have come first
    visitor = visit(base=base, token=token)
    page = visitor.open("find", reason="ticket 7")
    page.wait_for_selector(".row .badge")
    visitor.open("find?text=window.__ran", "ticket 7")
    page.wait_for_selector(".hit")
    visitor.open("live?all=yes")
    page.wait_for_selector(".card")
    for number in range(GROUPS):
        visitor.open(f"interactions/v1_hostile{number}", "ticket 7")
        page.wait_for_selector(".step-body .text, .step-head")
        page.wait_for_function(
            "n => document.querySelectorAll('.step').length > n", arg=ASKED_TEN * 12
        )
        page.evaluate(
            "() => document.querySelectorAll('.step-head[aria-expanded=false]').forEach(one => one.click())"
        )
        page.evaluate(
            "() => document.querySelectorAll('details').forEach(one => { one.open = true })"
        )
        for button in page.locator("figure.media button").all()[:4]:
            button.click()
        for tab in ("usage", "exchanges", "settings", "diff", "fate"):
            page.click(f"#tab-{tab}")
            page.wait_for_selector(".tab-body .panel, .tab-body .nothing, .tab-body .note")
            if tab == "exchanges":
                page.click("button:text('Raw') >> nth=0")
                page.wait_for_selector(".raw")
        visitor.open(f"conversations/v1_hostile{number}")
        page.wait_for_selector(".turn")

    assert page.evaluate("window.__ran") is None
    assert page.evaluate("({}).polluted") is None
    assert reports(base, token) == before


def reports(base: str, token: str) -> int:
    """What browsers refused to do, as the proxy was told."""
    asked = urllib.request.Request(
        f"{base}/v1/health", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return int(json.load(answer)["policy_reports"])


def test_a_policy_that_is_broken_is_reported(visit: Visit, attacked: Proxy) -> None:
    """The test above would see it: what the policy refuses reaches the count."""
    base: str = attacked.program.announced["admin"]
    token = (attacked.data / "admin" / "local.token").read_text().strip()
    visitor = visit(base=base, token=token)
    page = visitor.open("find")
    page.wait_for_selector(".row .badge")
    before = reports(base, token)
    page.evaluate(
        "() => { const one = document.createElement('img'); one.src = 'https://evil.example/x'; document.body.append(one); }"
    )

    def is_told() -> bool | None:
        page.evaluate("1")  # so that Playwright lets requests pass
        return reports(base, token) > before or None

    look_until(is_told, "a report of the browser")
    assert any("evil.example" in each for each in visitor.faults)
    visitor.faults.clear()


ODD = "<img src=x onerror=window.__ran=1>"
STATEMENTS = (
    "SELECT * FROM audit.interactions",
    "SELECT * FROM audit.steps",
    "SELECT * FROM audit.unknowns",
    "SELECT type, content(content_ref) AS said FROM audit.steps WHERE content_ref IS NOT NULL",
    f"""SELECT 1 AS "{ODD}", '{ODD}' AS "__proto__", 2 AS n UNION ALL SELECT 3, 'javascript:1', 4""",
)


def test_nothing_runs_in_tables_charts_holds_and_plans(visit: Visit, attacked: Proxy) -> None:
    base: str = attacked.program.announced["admin"]
    token = (attacked.data / "admin" / "local.token").read_text().strip()
    visitor = visit(base=base, token=token)
    page = visitor.open("audit?tab=sql", reason=ODD)
    page.wait_for_selector(".schema")
    page.check("#with-content")
    for statement in STATEMENTS:
        page.fill("#sql", statement)
        page.keyboard.press("Control+Enter")
        page.wait_for_function("() => !document.querySelector('.waiting')")
        assert page.locator(".note[data-tone=bad]").count() == 0, statement
        page.wait_for_selector(".answer-head")
        assert page.locator("tr").count() <= 500
    visitor.open("retention")
    page.click("text=Place a hold…")
    page.fill("#target", "v1_hostile1")
    page.fill("#why", ODD)
    page.click("dialog button.primary")
    page.wait_for_selector("dialog .note")
    page.click("dialog button.primary")
    page.click("text=Erase…")
    page.fill("#what", "v1_hostile1")
    page.fill("#why", ODD)
    page.click("dialog button.primary")
    page.wait_for_selector("dialog >> text=a hold protects it")
    page.click("dialog >> text=Cancel")
    for path in ("audit?name=drift", f"audit?name=access_log&p.actor={ODD}", "audit?tab=access"):
        visitor.open(path)
        page.wait_for_selector("td, .nothing")
    visitor.open(f"retention?lane={ODD}&day={ODD}&where={ODD}")
    page.wait_for_selector(".stat")
    visitor.open("health")
    page.wait_for_selector(".hbars")

    assert page.evaluate("window.__ran") is None
    assert page.evaluate("({}).polluted") is None
