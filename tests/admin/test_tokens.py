from __future__ import annotations

import stat
from pathlib import Path

import pytest

from proxy.admin.tokens import (
    PREFIX,
    RIGHTS,
    TOKENS_MAX,
    Reader,
    Right,
    Role,
    Token,
    TokenFile,
    TokenRefused,
    add_token,
    read_tokens,
    ready_tokens,
    revoke_token,
)
from proxy.errors import StartRefused
from tests.admin.served import now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "admin" / "tokens.json"


def test_a_token_is_known_by_its_secret_and_kept_as_a_digest(path: Path) -> None:
    secret = add_token(path, "grafana", Role.VIEWER, now)

    assert secret.startswith(PREFIX)
    assert len(secret) == len(PREFIX) + 43  # 256 bits in base64
    assert TokenFile(path).reader(secret) == Reader("grafana", Role.VIEWER)
    assert TokenFile(path).reader(secret + "x") is None
    assert secret not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_tokens_come_and_go_without_a_restart(path: Path) -> None:
    tokens = TokenFile(path)
    first = add_token(path, "first", Role.AUDITOR, now)
    assert tokens.reader(first) is not None

    second = add_token(path, "second", Role.ADMIN, now)
    revoke_token(path, "first")

    assert tokens.reader(first) is None
    assert tokens.reader(second) == Reader("second", Role.ADMIN)


@pytest.mark.parametrize("name", ["", "local", "with space", "a" * 81, "x\n"])
def test_a_name_that_cannot_stand_in_clear_is_refused(path: Path, name: str) -> None:
    with pytest.raises(TokenRefused, match="cannot name a token"):
        add_token(path, name, Role.VIEWER, now)


def test_a_name_is_there_once(path: Path) -> None:
    add_token(path, "one", Role.VIEWER, now)

    with pytest.raises(TokenRefused, match="there is a token one"):
        add_token(path, "one", Role.ADMIN, now)
    with pytest.raises(TokenRefused, match="no token 'two'"):
        revoke_token(path, "two")


def test_a_file_holds_so_many_and_no_more(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = [Token(f"t{n}", Role.VIEWER, "0" * 64, "") for n in range(TOKENS_MAX)]
    monkeypatch.setattr("proxy.admin.tokens.read_tokens", lambda _path: full)

    with pytest.raises(TokenRefused, match="revoke some"):
        add_token(path, "one-more", Role.VIEWER, now)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"tokens": 1}', '{"tokens": [{"name": "x"}]}', "\x00", "{" * 100_000]
)
def test_what_is_no_token_file_is_refused_and_opens_nothing(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)

    with pytest.raises(TokenRefused, match="is no token file"):
        read_tokens(path)
    with pytest.raises(TokenRefused):
        TokenFile(path).reader("ixp_anything")


def test_roles_may_what_they_are_for() -> None:
    content = {role for role in Role if Right.CONTENT in RIGHTS[role]}

    assert content == {Role.AUDITOR, Role.ADMIN}
    assert {role for role in Role if Reader("x", role).may(Right.RAW)} == {Role.ADMIN}
    assert {role for role in Role if Reader("x", role).may(Right.ERASE)} == {
        Role.OPERATOR,
        Role.ADMIN,
    }


def test_the_owner_of_the_folder_has_a_token_on_loopback_alone(tmp_path: Path, path: Path) -> None:
    local = tmp_path / "admin" / "local.token"

    tokens = ready_tokens(path, local, is_loopback=True, is_named=False)

    secret = local.read_text().strip()
    assert stat.S_IMODE(local.stat().st_mode) == 0o600
    assert tokens.reader(secret) == Reader("local", Role.ADMIN)
    ready_tokens(path, local, is_loopback=True, is_named=False)
    assert local.read_text().strip() == secret  # made once
    add_token(path, "other", Role.VIEWER, now)
    others = ready_tokens(path, local, is_loopback=False, is_named=False)
    assert others.reader(secret) is None


def test_other_machines_are_not_served_without_tokens(tmp_path: Path, path: Path) -> None:
    with pytest.raises(StartRefused, match="holds no token"):
        ready_tokens(path, tmp_path / "local", is_loopback=False, is_named=False)
    assert not (tmp_path / "local").exists()


def test_a_token_file_that_was_named_has_to_be_there(tmp_path: Path, path: Path) -> None:
    with pytest.raises(StartRefused, match="there is no file"):
        ready_tokens(path, tmp_path / "local", is_loopback=True, is_named=True)
