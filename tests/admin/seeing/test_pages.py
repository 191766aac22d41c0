from __future__ import annotations

import gzip
from pathlib import Path

from proxy.admin.seeing.pages import POLICY
from proxy.console.assets import console
from proxy.store.asking.lending import LentTables
from tests.admin.served import served


async def test_the_page_and_its_files_need_no_token(tmp_path: Path, tables: LentTables) -> None:
    digest = console().digest
    async with served(tmp_path, tables) as listener:
        begin = await listener.ask("/", allow_redirects=False)
        pages = [await listener.ask(path) for path in ("/console/", "/console/find?status=failed")]
        packed = await listener.ask(
            f"/console/a/{digest}/main.js",
            headers={"Accept-Encoding": "gzip"},
            auto_decompress=False,
        )
        old = await listener.ask("/console/a/0123456789abcdef/main.js")
        inside = await listener.ask("/console/../v1/me")

    assert (begin.status, begin.headers["Location"]) == (302, "/console/")
    assert {page.body for page in pages} == {console().page.plain}
    assert all(page.headers["Content-Security-Policy"] == POLICY for page in pages)
    assert gzip.decompress(packed.body) == console().files["main.js"].plain
    assert "immutable" in packed.headers["Cache-Control"]
    assert (old.status, inside.status) == (404, 401)


async def test_a_page_that_did_not_change_is_not_sent_again(
    tmp_path: Path, tables: LentTables
) -> None:
    async with served(tmp_path, tables) as listener:
        first = await listener.ask("/console/")
        again = await listener.ask("/console/", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status, again.body) == (304, b"")


async def test_reports_of_browsers_are_counted_and_not_kept(
    tmp_path: Path, tables: LentTables
) -> None:
    async with served(tmp_path, tables) as listener:
        sent = await listener.ask("/v1/reports", method="POST", data=b'{"csp-report": {}}')
        foreign = await listener.ask(
            "/v1/reports", method="POST", data=b"{}", headers={"Origin": "https://evil.example"}
        )
        told = await listener.ask("/v1/health", listener.local)

    assert (sent.status, foreign.status) == (204, 403)
    assert told.json()["policy_reports"] == 1
    assert not listener.acts.answered
