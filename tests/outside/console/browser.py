"""Debian's Chromium, driven by Playwright; axe-core looks at pages. `python -m tests.outside.console.browser` gets the first.

Playwright (130 MB with its Node.js) lies in .venvs/browser, beside the environment that everybody installs.
"""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[3]
PACKAGES: Final = ROOT / ".venvs" / "browser"
SERIOUS: Final = frozenset({"serious", "critical"})
ANSWER_MS: Final = 60_000
"""A machine that runs everybody else's tests, too, is eight times slower."""
STORY_MOST: Final = 40
"""Questions of a page that are told when its test failed."""


def chromium() -> str:
    """Where it lies.

    Raises:
        AssertionError: it is not installed.
    """
    found = shutil.which("chromium")
    assert found, "chromium is not there: run `python -m tests.outside.console.browser`"
    return found


@contextmanager
def started() -> Iterator[Any]:
    """A headless browser of Playwright's synchronous interface."""
    assert PACKAGES.is_dir(), "Playwright is not there: run `make .venvs/browser/.installed`"
    if str(PACKAGES) not in sys.path:
        sys.path.append(str(PACKAGES))
    playwright = importlib.import_module("playwright.sync_api")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


class Visitor:
    """One reader in a browser window, and everything that must not happen to him."""

    def __init__(
        self, browser: Any, base: str, token: str, *, width: int = 1440, theme: str = "light"
    ) -> None:
        self.base = base
        self.strangers: list[str] = []
        """Addresses beyond the origin that the page wanted."""
        self.faults: list[str] = []
        """Errors of scripts, dialogs, and what the policy refused."""
        size = {"width": width, "height": 900}
        self.context = browser.new_context(viewport=size, color_scheme=theme)
        self.context.set_default_timeout(ANSWER_MS)
        self.context.route("**/*", self._pass_on)
        if token:
            self.context.add_init_script(f"sessionStorage.setItem('ixp.token', '{token}')")
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("dialog", self._refuse)
        self.page.on("console", self._note)
        self._asked: dict[Any, str] = {}
        self.page.on("request", lambda asked: self._asked.update({asked: "no answer yet"}))
        self.page.on("requestfailed", lambda asked: self._asked.update({asked: asked.failure}))
        self.page.on("response", lambda answer: self._asked.update({answer.request: answer.status}))

    def story(self) -> str:
        """What the page asked for last, what became of it, and what it shows: for a test that failed."""
        asked = [f"{told} {one.method} {one.url}" for one, told in self._asked.items()]
        shown = self.page.evaluate("document.body.innerText")
        return "\n".join([self.page.url, *asked[-STORY_MOST:], *self.faults, shown])

    def open(self, path: str, reason: str = "") -> Any:
        """A page of the console; with `reason` its content is open."""
        told = "set" if reason else "remove"
        value = f", '{reason}'" if reason else ""
        self.context.add_init_script(f"sessionStorage.{told}Item('ixp.reason'{value})")
        self.page.goto(f"{self.base}/console/{path}")
        return self.page

    def violations(self) -> list[str]:
        """What axe-core finds serious."""
        source = (PACKAGES / "axe_playwright_python" / "axe.min.js").read_text("utf-8")
        self.page.evaluate(source)
        found = self.page.evaluate("async () => (await axe.run()).violations")
        return [
            f"{each['id']}: {node['html'][:160]} ({node['failureSummary'][:240]})"
            for each in found
            if each["impact"] in SERIOUS
            for node in each["nodes"][:3]
        ]

    def close(self) -> None:
        self.context.close()

    def _pass_on(self, route: Any) -> None:
        url = route.request.url
        if url.startswith((f"{self.base}/", "blob:", "data:")):
            route.continue_()
        else:
            self.strangers.append(url)
            route.abort()

    def _refuse(self, dialog: Any) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _note(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")


def main() -> int:
    """Install Chromium where it is missing; 0: it is there."""
    if not shutil.which("chromium") and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-qq", "-y", "chromium"], check=False)
    if not shutil.which("chromium"):
        print("outside: install chromium and try again")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
