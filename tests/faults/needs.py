"""What these tests need of the machine: root, and programs of other people. Run as a module it gets them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

PACKAGES: Final[Mapping[str, str]] = {
    "strace": "strace",
    "mkfs.ext4": "e2fsprogs",
    "nginx": "nginx-light",
    "haproxy": "haproxy",
    "node": "nodejs",
    "valgrind": "valgrind",
}
"""Program: the package of Debian and Ubuntu that has it."""


def missing() -> list[str]:
    """Packages of the programs that are not there."""
    paths = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    return [package for name, package in PACKAGES.items() if not shutil.which(name, path=paths)]


def main() -> int:
    """Install what is missing; 0: all is there."""
    if os.geteuid() != 0:
        print("faults: these tests mount small disks and trace processes: run them as root")
        return 1
    packages = missing()
    if packages and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-qq", "-y", *packages], check=False)
    if missing():
        print(f"faults: install {', '.join(missing())} and try again")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
