"""`python -m proxy`: the same as the command `interactions-proxy`."""

from __future__ import annotations

import sys

from proxy.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
