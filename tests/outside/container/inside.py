"""Builds and runs the image's steps; in a mount namespace of its own, as root. Says what it saw as JSON.

Its arguments are those of the build: EXTRAS=fleet.

/opt, /var/lib and /tmp are empty there, /usr/local is this Python, and before the proxy starts all else
is mounted read-only. The proxy runs as the image's user, without capabilities, in a network of its own.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.end_to_end.programs import look_until
from tests.outside.container.dockerfile import Stage, read_stages

ROOT: Final = Path(__file__).parents[3]
BASE_PATH: Final = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
STOP_S: Final = 60
CLONE_NEWNET: Final = 0x40000000
FLEET: Final = """
import duckdb
from proxy.fleet.engine.link import EXTENSIONS, extension_file, required
for name in ("psycopg", "minio"):
    required(name)
with duckdb.connect() as rows:
    for name in EXTENSIONS:
        rows.execute(f"LOAD '{extension_file(name)}'")
"""
"""Ends in order where the image has all that a fleet needs."""


def shell(command: str, folder: Path, arguments: Mapping[str, str]) -> None:
    """One RUN, with what the base image and the build's arguments would give it."""
    environment = {"PATH": BASE_PATH, "HOME": "/root", **arguments}
    passed = ("PIP_INDEX_URL", "PIP_CERT", "SSL_CERT_FILE", "HTTPS_PROXY", "https_proxy")
    environment |= {name: os.environ[name] for name in passed if name in os.environ}
    subprocess.run(
        ["sh", "-ec", command], cwd=folder, env=environment, check=True, stdout=sys.stderr
    )


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def build(stage: Stage, given: Mapping[str, str]) -> None:
    """Every step of a stage, as it is written; `given` as by --build-arg."""
    folder = Path("/")
    arguments: dict[str, str] = {}
    for each in stage.instructions:
        match each.verb:
            case "ARG":
                name, _, default = each.text.partition("=")
                arguments[name] = given.get(name, default)
            case "WORKDIR":
                folder = Path(each.text)
                folder.mkdir(parents=True, exist_ok=True)
            case "COPY" if each.text.startswith("--from="):
                _, source, target = each.text.split()
                assert source == target, "both stages share one root here"
                assert Path(source).exists(), each.text
            case "COPY":
                *sources, target = each.text.split()
                for source in sources:
                    subprocess.run(
                        ["cp", "-r", str(ROOT / source), str(folder / target)], check=True
                    )
            case "RUN":
                shell(each.text, folder, arguments)
            case _:
                pass


class Running:
    """The container."""

    def __init__(self, stage: Stage) -> None:
        self.user, _, self.group = stage.last("USER").text.partition(":")
        # A Python that keeps its library beside it finds it where the base image has it, too.
        self.environment = {**stage.environment, "LD_LIBRARY_PATH": "/usr/local/lib"}
        command = [*stage.last("ENTRYPOINT").words, *stage.last("CMD").words]
        self.process = subprocess.Popen(
            self.confined(command), env=self.environment, stdout=subprocess.PIPE, cwd="/"
        )

    def confined(self, command: Sequence[str]) -> list[str]:
        """As the user, with nothing more than he has."""
        return [
            *("setpriv", "--reuid", self.user, "--regid", self.group, "--clear-groups"),
            *("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--"),
            *command,
        ]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.confined(command),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )


def ask(port: int, path: str, body: bytes | None = None) -> int | None:
    """Status of an answer; None: there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST" if body else "GET", path, body)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def seen(stage: Stage) -> dict[str, Any]:
    """Start, look, stop."""
    running = Running(stage)
    try:
        assert running.process.stdout
        announced = json.loads(running.process.stdout.readline())
        look_until(lambda: ask(9464, "/readyz") == 200 or None, "the proxy is ready")
        sql = ("interactions-proxy", "sql", "--data", announced["data"], "--json")
        question = "SELECT count(*) AS n FROM exchanges"
        # Nobody can be reached from here: what cannot be sent is told so, and recorded.
        told: dict[str, Any] = {
            "health": running.run("sh", "-c", stage.health).returncode,
            "metrics": ask(9464, "/metrics"),
            "refused": ask(8080, "/v1beta/interactions", b"{}"),
            "written outside": running.run("touch", "/opt/here", "/etc/here").returncode,
            "fleet": running.run("python", "-c", FLEET).stderr,
            "user": Path(f"/proc/{running.process.pid}/status").read_text("utf-8"),
        }
        found = look_until(
            lambda: ((out := running.run(*sql, question).stdout) != '{"n": 0}\n' and out) or None,
            "the exchange is in SQL",
        )
        told["sql"] = found
    finally:
        running.process.send_signal(signal.SIGTERM)
    told["ended"] = running.process.wait(STOP_S)
    return told


def alone() -> None:
    """From here on in a network that has nothing but loopback. Python 3.12 has os.unshare."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def main() -> int:
    """See the module's head."""
    mount("--make-rprivate", "/")
    mount("--bind", sys.base_prefix, "/usr/local")
    checkout = os.open(ROOT, os.O_PATH | os.O_DIRECTORY)  # it may lie in what is covered now
    for empty in ("/opt", "/var/lib"):
        mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", empty)
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/tmp")
    if not ROOT.exists():
        ROOT.mkdir(parents=True)
        mount("-c", "--bind", f"/proc/{os.getpid()}/fd/{checkout}", str(ROOT))
    built, final = read_stages((ROOT / "Dockerfile").read_text("utf-8"))
    given = dict(each.split("=", 1) for each in sys.argv[1:])
    build(built, given)
    build(final, given)
    told: dict[str, Any] = {
        "sbom": json.loads(Path("/opt/interactions-proxy/sbom.cdx.json").read_text("utf-8"))
    }
    (volume,) = final.all("VOLUME")
    mount("--bind", volume, volume)
    mount("-o", "remount,bind,ro", "/opt")
    mount("-o", "remount,bind,ro", "/usr/local")
    mount("-o", "remount,bind,ro", "/")
    alone()
    print(json.dumps({**told, **seen(final)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
