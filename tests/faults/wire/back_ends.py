"""HTTP servers of other people as back ends: each answers everything with 200 and logs each request itself."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.end_to_end.programs import look_until

ROOT: Final = Path(__file__).parents[3]
UVICORN: Final = ROOT / ".venvs" / "uvicorn" / "bin" / "uvicorn"
"""An environment of its own: `make faults` fills it."""
_REFUSED: Final = "<BADREQ>"
_PATH: Final = "/usr/sbin:/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin:/bin"

_NGINX: Final = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  log_format plain "seen $request_method $request_uri";
  server {{ listen 127.0.0.1:{port}; access_log {folder}/log plain; location / {{ return 200 "ok"; }} }}
}}
"""
_HAPROXY: Final = """
global
  log stdout format raw local0
  maxconn 512
defaults
  mode http
  log global
  option dontlognull
  log-format "seen %HM %HPO"
  timeout client 10s
  timeout server 10s
  timeout connect 10s
frontend all
  bind 127.0.0.1:{port}
  http-request return status 200 content-type text/plain string "ok"
"""
_NODE: Final = """
const { createServer } = require("node:http");
createServer((request, response) => {
  console.log(`seen ${request.method} ${request.url}`);
  request.on("error", () => {}).resume().on("end", () => response.end("ok"));
}).listen({port}, "127.0.0.1");
"""
_UVICORN: Final = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        print("seen", scope["type"], scope["raw_path"].decode(), flush=True)
        return
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    print("seen", scope["method"], (scope["raw_path"] + query).decode(), flush=True)
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})
"""


@dataclass(frozen=True, slots=True)
class BackEnd:
    """A running server of somebody else."""

    name: str
    port: int
    _log: Path
    _process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, name: str, folder: Path) -> BackEnd:
        """One of NAMES, logging into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        port = _free_port()
        command = NAMES[name](folder, port)
        log = folder / "log"
        with (folder / "output").open("wb") as errors, log.open("ab") as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, cwd=folder
            )
        found = cls(name, port, log, process)
        look_until(found._accepts, f"{name} on port {port}: {(folder / 'output').read_text()}")
        return found

    def seen(self) -> Counter[str]:
        """How often it saw each target, by its own log."""
        found = Counter(line.split(" ", 2)[2] for line in self._lines())
        del found[_REFUSED]
        return found

    def refused_count(self) -> int:
        """How many requests it logged as none, where it logs those (HAProxy does)."""
        return sum(line.endswith(_REFUSED) for line in self._lines())

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _lines(self) -> list[str]:
        lines = self._log.read_bytes().decode("latin-1").splitlines()
        return [line for line in lines if line.startswith("seen ")]

    def _accepts(self) -> bool | None:
        assert self._process.poll() is None, f"{self.name} ended"
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except ConnectionRefusedError:
            return None
        return True


def _nginx(folder: Path, port: int) -> list[str]:
    return [
        _program("nginx"),
        *("-p", str(folder), "-c", _written(folder, "nginx.conf", _NGINX, port)),
    ]


def _haproxy(folder: Path, port: int) -> list[str]:
    return [_program("haproxy"), "-db", "-f", _written(folder, "haproxy.cfg", _HAPROXY, port)]


def _node(folder: Path, port: int) -> list[str]:
    file = folder / "server.js"
    file.write_text(_NODE.replace("{port}", str(port)))
    return [_program("node"), str(file)]


def _uvicorn(folder: Path, port: int, parser: str) -> list[str]:
    (folder / "application.py").write_text(_UVICORN)
    return [
        str(UVICORN),
        *("application:app", "--host", "127.0.0.1", "--port", str(port), "--http", parser),
        *("--no-access-log", "--log-level", "error"),
    ]


NAMES: Final[dict[str, Callable[[Path, int], list[str]]]] = {
    "nginx": _nginx,
    "haproxy": _haproxy,
    "node": _node,
    "uvicorn with h11": lambda folder, port: _uvicorn(folder, port, "h11"),
    "uvicorn with httptools": lambda folder, port: _uvicorn(folder, port, "httptools"),
}


def _written(folder: Path, name: str, text: str, port: int) -> str:
    (folder / name).write_text(text.format(folder=folder, port=port))
    return str(folder / name)


def _program(name: str) -> str:
    found = shutil.which(name, path=_PATH) or shutil.which(name)
    assert found, f"{name} is not installed: run make faults"
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
