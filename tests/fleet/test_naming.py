from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from proxy.errors import StartRefused
from proxy.fleet.naming import identity, mark_of, read_fleet
from proxy.store.position import VAULT_START, VaultPosition
from tests.store.vault.built import CURSORS, VaultFolder, append

GOOD = """
proxy = "eu-1"
[catalog]
connection = "host=db dbname=fleet user=fleet"
password = "hidden-word"
[objects]
endpoint = "https://s3.example:9000"
bucket = "record"
prefix = "/a/b/"
key_id = "id"
secret = "hidden-secret"
"""


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "fleet.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_file_says_who_this_is_and_where_the_engine_is(tmp_path: Path) -> None:
    fleet = read_fleet(written(tmp_path, GOOD))

    assert (fleet.proxy, fleet.connection) == ("eu-1", "host=db dbname=fleet user=fleet")
    assert (fleet.objects.host, fleet.objects.is_secure) == ("s3.example:9000", True)
    assert fleet.objects.place("sealed", "x") == "a/b/sealed/x"


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    assert "hidden" not in repr(read_fleet(written(tmp_path, GOOD)))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('"eu-1"', '"EU 1"', "a name of a-z"),
        ('proxy = "eu-1"', "", "proxy is missing"),
        ("dbname=fleet", "password=x", "stands in catalog.password"),
        ("https://s3.example:9000", "s3.example", "objects.endpoint is"),
        ("bucket", "buckett", "there is no buckett"),
        ("/a/b/", "a b", "objects.prefix"),
        ("[catalog]", 'every_s = "often"\n[catalog]', "every_s is a number"),
        (GOOD, 'proxy = "a"\ncatalog = 1', "is a table"),
        ("[catalog]", "[catalog", "fleet.toml"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, before: str, after: str, said: str) -> None:
    with pytest.raises(StartRefused, match=said.replace("[", r"\[")):
        read_fleet(written(tmp_path, GOOD.replace(before, after)))


def test_a_file_that_everybody_reads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match="chmod o="):
        read_fleet(written(tmp_path, GOOD, 0o644))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match="cannot read"):
        read_fleet(tmp_path / "none.toml")


def test_proxies_that_share_a_file_have_names_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "fleet.toml"
    path.write_text(GOOD)
    path.chmod(0o600)

    assert read_fleet(path, "pod-3").proxy == "pod-3"
    path.write_text(GOOD.replace('proxy = "eu-1"', ""))
    assert read_fleet(path, "pod-3").proxy == "pod-3"
    with pytest.raises(StartRefused, match="proxy"):
        read_fleet(path)
    with pytest.raises(StartRefused, match=r"fleet\.proxy_name"):
        read_fleet(path, "Pod 3")


def test_the_storages_authorities_have_to_be_there(tmp_path: Path) -> None:
    path, authorities = tmp_path / "fleet.toml", tmp_path / "ours.pem"
    path.write_text(GOOD + f'ca_file = "{authorities}"\n')
    path.chmod(0o600)

    with pytest.raises(StartRefused, match=r"objects\.ca_file: there is no file"):
        read_fleet(path)
    authorities.touch()

    assert read_fleet(path).objects.ca_file == str(authorities)


def test_a_vault_is_known_by_how_it_begins(data: VaultFolder, tmp_path: Path) -> None:
    assert identity(tmp_path / "none") is None
    data.open()

    assert identity(data.folder / "vault") == identity(data.folder / "vault")
    assert "@" in (identity(data.folder / "vault") or "")


def test_a_mark_tells_one_place_of_one_vault(data: VaultFolder) -> None:
    vault = data.open()
    places = []
    for sequence in (1, 2):
        append(vault, sequence)
        vault.commit(CURSORS)
        places.append(data.told().position)
    folder = data.folder / "vault"
    first, second = (mark_of(folder, place) for place in places)

    assert len({first, second, ""}) == 3
    assert mark_of(folder, replace(places[1], offset=places[1].offset + 1)) == ""
    assert mark_of(folder, VaultPosition("20991231-000001", 9)) == ""
    assert mark_of(folder, VAULT_START) == ""
    append(vault, 3)
    vault.commit(CURSORS)
    assert [mark_of(folder, place) for place in places] == [first, second]
