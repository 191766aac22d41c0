from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy.admin.tokens import Reader, Role, TokenFile
from proxy.cli.app import main
from proxy.cli.verb import DONE, WORLD_FAILED


def run(folder: Path, *arguments: str) -> int:
    return main(["token", "--data", str(folder), *arguments])


def test_a_token_is_made_listed_and_revoked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tokens = TokenFile(tmp_path / "admin" / "tokens.json")

    assert run(tmp_path, "add", "ada", "--role", "auditor") == DONE
    secret = capsys.readouterr().out.strip()
    assert tokens.reader(secret) == Reader("ada", Role.AUDITOR)

    assert run(tmp_path, "list", "--json") == DONE
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], told["role"]) == ("ada", "auditor")
    assert secret not in str(told)

    assert run(tmp_path, "revoke", "ada") == DONE
    assert tokens.reader(secret) is None


def test_what_cannot_be_done_is_said_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "add") == WORLD_FAILED
    assert "say whose" in capsys.readouterr().err
    assert run(tmp_path, "revoke", "nobody") == WORLD_FAILED
    assert "no token" in capsys.readouterr().err
