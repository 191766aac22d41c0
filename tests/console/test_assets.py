from __future__ import annotations

import gzip
import re

from proxy.console.assets import BASE, console, console_of

FIRST_VIEW_BYTES_MAX = 80 * 1024
"""All files together, packed: the first view needs no more than these."""

FILES = {"index.html": b'<link href="/console/a/{digest}/x.css"><!-- preloads -->', "x.css": b"a{}"}


def test_another_byte_is_another_path() -> None:
    one, other = console_of(FILES), console_of(FILES | {"x.css": b"b{}"})

    assert one.digest != other.digest
    assert one.digest.encode() in one.page.plain
    assert one.files["x.css"].tag != other.files["x.css"].tag


def test_modules_are_asked_for_at_once() -> None:
    told = console_of(FILES | {"a.js": b"1"})

    assert f'href="{BASE}a/{told.digest}/a.js"'.encode() in told.page.plain


def test_what_ships_is_light_whole_and_free_of_inline_code() -> None:
    shipped = console()

    assets = [shipped.page, *shipped.files.values()]
    assert sum(len(each.packed) for each in assets) < FIRST_VIEW_BYTES_MAX
    assert all(gzip.decompress(each.packed) == each.plain for each in assets)
    page = shipped.page.plain.decode()
    named = re.findall(rf'"{BASE}a/{shipped.digest}/([^"]+)"', page)
    assert "main.js" in named
    assert set(named) <= shipped.files.keys()
    assert not re.search(r"\son\w+=|style=|<script>|https?://", page)


def test_modules_make_no_html_of_text_and_name_only_each_other() -> None:
    for name, asset in console().files.items():
        text = asset.plain.decode()
        if not name.endswith(".js"):
            assert "@import" not in text
            assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
            continue
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text
        )
        for imported in re.findall(r'from "([^"]+)"', text):
            assert imported.removeprefix("./") in console().files, f"{name} imports {imported}"
