"""`python -m tests.outside.console.shots FOLDER`: pictures of every page, both themes and widths, for people to look at."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.end_to_end.stage import Stage
from tests.outside.console.browser import Visitor, started
from tests.outside.console.calls import converse
from tests.outside.console.test_watched import LINKS

REASON = "ticket 4711"
ACTS = {
    "hold": ("Place a hold…", "#target", "text=is in force"),
    "erase": ("Erase…", "#what", "#sure"),
}
"""Button, field and what is waited for, by the name of the picture. The hold stands in the plan of the erasure."""
LOOKS = (("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390))


def main(arguments: list[str]) -> int:
    """Write the pictures."""
    target = Path(arguments[0])
    target.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        stage = Stage.set_up(Path(folder), "--speed", "4", **LINKS)
        try:
            ids = converse(stage.proxy.url)
            stage.proxy.flush()
            admin: str = stage.proxy.program.announced["admin"]
            token = (stage.proxy.data / "admin" / "local.token").read_text().strip()
            ((streamed,), *_) = stage.proxy.rows(
                "SELECT interaction FROM audit.interactions WHERE is_streaming ORDER BY total_tokens DESC NULLS LAST"
            )
            pages = pages_of(ids[-1], streamed)
            with started() as browser:
                for theme, width in LOOKS:
                    visitor = Visitor(browser, admin, token, width=width, theme=theme)
                    for name, (path, shown, reason) in pages.items():
                        page = visitor.open(path, reason)
                        page.wait_for_selector(shown)
                        if name == "fate":
                            page.click("text=Check in this browser")
                            page.wait_for_selector(".proof table")
                        page.screenshot(path=str(target / f"{name}-{theme}-{width}.png"))
                    for name, (button, field, shown) in ACTS.items():
                        page = visitor.open("retention")
                        page.click(f"text={button}")
                        page.fill(f"dialog {field}", ids[-1])
                        page.fill("dialog #why", REASON)
                        page.click("dialog button.primary")
                        page.wait_for_selector(f"dialog >> {shown}")
                        page.screenshot(path=str(target / f"{name}-{theme}-{width}.png"))
                    visitor.close()
        finally:
            stage.stop()
    return 0


def pages_of(one: str, streamed: str) -> dict[str, tuple[str, str, str]]:
    """Path, what is waited for, and the reason that opens content, by the name of the picture."""
    return {
        "live": ("live", ".card", ""),
        "find": ("find", ".row .badge", REASON),
        "text": ("find?text=Lyngen", ".hit", REASON),
        "sealed": (f"interactions/{streamed}", ".step", ""),
        "steps": (f"interactions/{streamed}", ".step", REASON),
        "usage": (f"interactions/{one}?tab=usage", "table", REASON),
        "exchanges": (f"interactions/{one}?tab=exchanges", "table", REASON),
        "settings": (f"interactions/{one}?tab=settings", ".panel", REASON),
        "diff": (f"interactions/{one}?tab=diff", ".panel", REASON),
        "fate": (f"interactions/{one}?tab=fate", "table", REASON),
        "conversation": (f"conversations/{one}", ".turn", ""),
        "conversations": ("conversations", ".row .badge", ""),
        "retention": ("retention", ".cal-mark", ""),
        "queries": ("audit?name=tokens_by_model", ".chart", ""),
        "sql": ("audit?tab=sql&sql=FROM audit.coverage", ".panel table", ""),
        "trail": ("audit?tab=trail", ".stats", ""),
        "access": ("audit?tab=access", "table", ""),
        "health": ("health", ".hbars", ""),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
