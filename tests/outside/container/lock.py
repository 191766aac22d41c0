"""`python -m tests.outside.container.lock`: requirements.lock, -fleet.lock and -build.lock, for the image.

Every package that the proxy needs at run time, at the version of constraints.txt, with the hashes of its
wheels. pip itself resolves; nothing is installed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[3]
MACHINES: Final = ("x86_64",)
"""arro3-core has no wheel for aarch64 where we looked; with one, add it here."""
GLIBC: Final = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")
"""What Debian 12 can run."""
LOCK: Final = "requirements.lock"
FLEET_LOCK: Final = "requirements-fleet.lock"
"""What the extra `fleet` needs besides."""
BUILD_LOCK: Final = "requirements-build.lock"
BUILD: Final = ("setuptools==84.2.1", "cyclonedx-bom==7.5.0")
"""What makes the wheel, and the bill of materials. Not in the image."""
PYTHON: Final = "3.11"
Pins = dict[str, set[str]]


def pinned(requirements: Iterable[str], constraints: Path | None) -> Pins:
    """Each package, name==version, with the SHA-256 of its wheels."""
    found: Pins = {}
    for machine in MACHINES:
        for name, sha256 in resolved(requirements, constraints, machine):
            found.setdefault(name, set()).add(sha256)
    return found


def lock_text(found: Pins) -> str:
    """The text of a lock file."""
    lines = [
        " \\\n    ".join([name, *(f"--hash=sha256:{each}" for each in sorted(hashes))])
        for name, hashes in sorted(found.items())
    ]
    return "\n".join(["# Written by `make lock`.", *lines]) + "\n"


def resolved(
    requirements: Iterable[str], constraints: Path | None, machine: str
) -> Iterable[tuple[str, str]]:
    """(name==version, SHA-256) of each wheel that pip would take."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"),
                *("--ignore-installed", "--disable-pip-version-check"),
                *("--only-binary=:all:", "--target", folder, "--report", str(report)),
                *("--python-version", PYTHON, "--implementation", "cp"),
                *(f"--platform={glibc}_{machine}" for glibc in GLIBC),
                *(("-c", str(constraints)) if constraints else ()),
                *requirements,
            ],
            check=True,
        )
        for each in json.loads(report.read_text("utf-8"))["install"]:
            about = each["metadata"]
            name = canonicalize_name(about["name"])
            hashes = each["download_info"]["archive_info"]["hashes"]
            yield f"{name}=={about['version']}", hashes["sha256"]


def dependencies(extra: str | None = None) -> list[str]:
    """What the proxy, or one of its extras, needs at run time, as pyproject.toml says it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]
    found: list[str] = project["dependencies"] if extra is None else extras[extra]
    return found


def main() -> int:
    """Write the files."""
    constraints = ROOT / "constraints.txt"
    always = pinned(dependencies(), constraints)
    of_fleet = pinned([*dependencies(), *dependencies("fleet")], constraints)
    besides = {name: hashes for name, hashes in of_fleet.items() if name not in always}
    (ROOT / LOCK).write_text(lock_text(always), "utf-8")
    (ROOT / FLEET_LOCK).write_text(lock_text(besides), "utf-8")
    (ROOT / BUILD_LOCK).write_text(lock_text(pinned(BUILD, None)), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
