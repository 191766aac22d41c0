"""Four sources, one object."""

from pathlib import Path

import pytest

from proxy.config.catalogue import Settings
from proxy.config.load import FILE_NAME, Given, dump_resolved, load_resolved, resolve
from proxy.errors import ConfigError


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


FILES = ("certificate", "key")


def said(name: str, value: object) -> Given:
    return Given(name, value, "command line --set")


def test_with_nothing_said_everything_is_default() -> None:
    resolved = resolve(file=None, environment={}, command_line=[])

    assert resolved.settings.listen_port == 8080
    assert resolved.settings.data_folder == Path.home() / ".interactions-proxy"
    assert set(resolved.origins.values()) == {"default"}


def test_the_later_source_wins_and_is_named() -> None:
    Path(FILE_NAME).write_text("[listen]\nport = 1\naddress = '127.0.0.2'\n[gateway]\nworkers = 2")

    resolved = resolve(
        file=None,
        environment={
            "INTERACTIONS_PROXY_LISTEN_PORT": "3",
            "INTERACTIONS_PROXY_GATEWAY_WORKERS": "4",
        },
        command_line=[said("listen.port", "5")],
    )

    settings = resolved.settings
    assert (settings.listen_address, settings.gateway_workers, settings.listen_port) == (
        "127.0.0.2",
        4,
        5,
    )
    assert resolved.origins["listen.address"] == f"file {FILE_NAME}"
    assert resolved.origins["gateway.workers"] == "environment INTERACTIONS_PROXY_GATEWAY_WORKERS"
    assert resolved.origins["listen.port"] == "command line --set"


def test_all_problems_of_all_sources_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text("[listen]\nprt = 1\n[journal]\nmode = 'loose'")

    with pytest.raises(ConfigError) as refused:
        resolve(
            file=file,
            environment={"INTERACTIONS_PROXY_GATEWAY_WORKER": "2"},
            command_line=[said("upstream.url", "http://example.org"), said("zzz", "1")],
        )

    lines = str(refused.value).splitlines()
    assert len(lines) == 5
    assert "listen.prt: there is no such setting; did you mean listen.port?" in lines[0]
    assert "journal.mode: 'loose' is not usable" in lines[1]
    assert "did you mean INTERACTIONS_PROXY_GATEWAY_WORKERS?" in lines[2]
    assert "zzz: there is no such setting; see" in lines[3]
    assert "plain text" in lines[4]


def test_a_named_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*absent\.toml: No such file"):
        resolve(file=tmp_path / "absent.toml", environment={}, command_line=[])


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text("listen = ")

    with pytest.raises(ConfigError, match="is not TOML"):
        resolve(file=file, environment={}, command_line=[])


def test_a_table_where_a_value_belongs_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "deep.toml"
    file.write_text("[listen.port]\nnumber = 1")

    with pytest.raises(ConfigError, match=r"listen\.port\.number: there is no such setting"):
        resolve(file=file, environment={}, command_line=[])


def test_relative_folders_in_a_file_are_meant_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc" / "proxy.toml"
    file.write_text("data.folder = 'data'\nkeys.master_file = 'm.key'")

    settings = resolve(file=file, environment={}, command_line=[]).settings

    assert settings.data_folder == tmp_path / "etc" / "data"
    assert settings.master_key_file == tmp_path / "etc" / "data" / "m.key"


def test_a_slash_after_the_origin_is_forgiven() -> None:
    given = [said("upstream.url", "https://example.org/")]

    assert resolve(file=None, environment={}, command_line=given).settings.upstream_url == (
        "https://example.org"
    )


def test_resolved_settings_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    settings = Settings(data_folder=tmp_path, listen_port=0, gateway_keepalive_s=1.5)

    dump_resolved(settings, path)

    assert load_resolved(path) == settings
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["settings.json"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"listen.port": 1}', "\x00"])
def test_settings_of_another_release_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text)

    with pytest.raises(ConfigError):
        load_resolved(path)


def test_resolved_settings_that_somebody_spoilt_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    dump_resolved(Settings(data_folder=tmp_path), path)
    path.write_text(path.read_text().replace("8080", '"many"'))

    with pytest.raises(ConfigError, match=r"listen\.port: 'many' is not usable"):
        load_resolved(path)


def test_the_stewards_key_is_no_setting_and_is_not_complained_about(tmp_path: Path) -> None:
    known = resolve(
        file=None, environment={"INTERACTIONS_PROXY_JANITOR_KEY": "sesame"}, command_line=[]
    )

    dump_resolved(known.settings, tmp_path / "settings.json")
    assert "sesame" not in (tmp_path / "settings.json").read_text()


def test_files_of_certificates_are_found_by_processes_that_stand_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.pem").write_text("")
    names = [f"{part}.tls_{name}_file" for part in ("listen", "admin") for name in FILES]
    given = [said(name, "a.pem") for name in (*names, "admin.tls_client_ca_file")]

    found = resolve(file=None, environment={}, command_line=given).settings

    assert found.listen_tls_key_file == tmp_path / "a.pem"
    assert found.admin_tls_client_ca_file == tmp_path / "a.pem"
