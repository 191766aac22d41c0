"""The verb `token`: who may ask the admin listener."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from proxy.cli.settings import add_settings, resolved
from proxy.cli.verb import DONE, Arguments, Verb

_ROLES: Final = ("viewer", "auditor", "operator", "admin")


def _arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    verb.add_argument("--json", action="store_true", help="one JSON object per line")
    verb.add_argument(
        "--role",
        choices=_ROLES,
        default="viewer",
        help="viewer: facts; auditor: content, too, for a reason; operator: holds and erasure; admin: all",
    )
    verb.add_argument("action", choices=("add", "list", "revoke"), help="what to do")
    verb.add_argument("name", metavar="NAME", nargs="?", help="whose: grafana, ada, ...")


def _run(parsed: Arguments) -> int:
    from proxy.admin.listener import AdminSettings
    from proxy.admin.tokens import Role, TokenRefused, add_token, revoke_token

    settings = resolved(parsed).settings
    admin = AdminSettings(data_folder=settings.data_folder, tokens_file=settings.admin_tokens_file)
    path = admin.tokens_path
    if parsed.action == "list":
        return _list(path, as_json=parsed.json)
    if not parsed.name:
        raise TokenRefused(f"say whose: `interactions-proxy token {parsed.action} NAME`")
    if parsed.action == "revoke":
        revoke_token(path, parsed.name)
        return DONE
    secret = add_token(path, parsed.name, Role(parsed.role), lambda: datetime.now(UTC))
    if parsed.json:
        print(json.dumps({"name": parsed.name, "role": parsed.role, "token": secret}))
        return DONE
    print(secret)
    told = f"{parsed.name} may ask as {parsed.role}; this is shown once, {path} holds its digest\n"
    sys.stderr.write(told)
    return DONE


def _list(path: Path, *, as_json: bool) -> int:
    from proxy.admin.tokens import read_tokens

    for token in read_tokens(path):
        told = {"name": token.name, "role": str(token.role), "made_at": token.made_at}
        print(json.dumps(told) if as_json else "  ".join(told.values()))
    return DONE


TOKENS: Final = (
    Verb(
        "token",
        "who may ask the admin listener: make, list and revoke tokens",
        "interactions-proxy token add grafana --role viewer",
        _arguments,
        _run,
    ),
)
