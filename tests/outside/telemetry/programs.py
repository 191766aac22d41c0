"""Prometheus and Alertmanager of Debian, on loopback, each with a folder of its own."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import yaml

from dashboards.__main__ import HERE
from tests.end_to_end.programs import look_until

SCRAPE_S: Final = 4
"""A second more than the ops listener waits for a recorder that does not answer."""
WAIT: Final = re.compile(r"^(\s+for:) .*$", re.MULTILINE)


def program(name: str) -> str:
    """Where a program lies.

    Raises:
        AssertionError: it is not installed.
    """
    for candidate in (name, f"prometheus-{name}"):
        if found := shutil.which(candidate):
            return found
    raise AssertionError(f"{name} is not there: run `python -m tests.outside.telemetry.programs`")


def free_port() -> int:
    """A port that was free a moment ago: these programs do not say which one they took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Web:
    """JSON over HTTP from one of these programs."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, path: str, **parameters: str) -> Any:
        """The `data` of an answer.

        Raises:
            AssertionError: it was refused; says why.
        """
        address = f"{self.url}{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                told = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error
        assert told["status"] == "success", told
        return told["data"]

    def is_ready(self) -> bool | None:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return answer.status == 200 or None
        except OSError:
            return None


@contextmanager
def running(folder: Path, name: str, port: int, *arguments: str) -> Iterator[Web]:
    """One of these programs, ready; ended with the context."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [program(name), f"--web.listen-address=127.0.0.1:{port}", *arguments],
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    web = Web(port)
    try:
        look_until(web.is_ready, f"{name} is ready: {(folder / f'{name}.log').read_text()[-2000:]}")
        yield web
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def prometheus(folder: Path, target: str, alertmanager: str) -> Iterator[Web]:
    """Scrapes `target` (host:port) each second and goes by our rules, which wait for nothing here."""
    folder.mkdir(parents=True)
    rules = (HERE / "prometheus" / "rules.yaml").read_text("utf-8")
    (folder / "rules.yaml").write_text(WAIT.sub(r"\1 0s", rules), "utf-8")
    config = {
        "global": {"scrape_interval": f"{SCRAPE_S}s", "evaluation_interval": f"{SCRAPE_S}s"},
        "rule_files": ["rules.yaml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [
            {"job_name": "interactions-proxy", "static_configs": [{"targets": [target]}]}
        ],
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config), "utf-8")
    with running(
        folder,
        "prometheus",
        free_port(),
        "--config.file=prometheus.yaml",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        "--enable-feature=exemplar-storage",
    ) as web:
        yield web


class Called:
    """Notifications that Alertmanager sent."""

    def __init__(self) -> None:
        self.alerts: list[dict[str, Any]] = []
        called = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                called.alerts.extend(json.loads(body)["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing: the test looks at `alerts`."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def statuses(self, name: str) -> list[str]:
        """firing, resolved, in the order in which they came."""
        return [each["status"] for each in self.alerts if each["labels"]["alertname"] == name]

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@contextmanager
def alertmanager(folder: Path) -> Iterator[tuple[Web, Called]]:
    """Tells a listener of ours everything at once, the end of an alert, too."""
    called = Called()
    folder.mkdir(parents=True)
    config = {
        "route": {
            "receiver": "us",
            "group_by": ["alertname"],
            "group_wait": "0s",
            "group_interval": "1s",
            "repeat_interval": "1h",
        },
        "receivers": [
            {
                "name": "us",
                "webhook_configs": [
                    {
                        "url": f"http://127.0.0.1:{called.server.server_address[1]}/",
                        "send_resolved": True,
                    }
                ],
            }
        ],
    }
    (folder / "alertmanager.yaml").write_text(yaml.safe_dump(config), "utf-8")
    try:
        with running(
            folder,
            "alertmanager",
            free_port(),
            "--config.file=alertmanager.yaml",
            f"--storage.path={folder / 'data'}",
            "--cluster.listen-address=",
        ) as web:
            yield web, called
    finally:
        called.close()


def main() -> int:
    """Install what is missing; 0: all is there."""
    for package, names in {
        "prometheus": ("prometheus", "promtool"),
        "prometheus-alertmanager": ("prometheus-alertmanager",),
    }.items():
        if all(map(shutil.which, names)):
            continue
        if shutil.which("apt-get"):
            subprocess.run(["apt-get", "update", "-qq"], check=False)
            subprocess.run(["apt-get", "install", "-qq", "-y", package], check=False)
        if not all(map(shutil.which, names)):
            print(f"outside: install {package} and try again")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
