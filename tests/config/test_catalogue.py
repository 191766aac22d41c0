"""The catalogue speaks for every setting."""

import pytest

from proxy.config.catalogue import CATALOGUE, Settings
from proxy.config.declare import Kind, Setting


@pytest.mark.parametrize("setting", CATALOGUE.values(), ids=CATALOGUE)
def test_a_setting_says_what_it_is_for_in_one_or_two_sentences(setting: Setting) -> None:
    assert setting.why.endswith(".")
    assert len(setting.why) <= 100
    assert "|" not in setting.why


@pytest.mark.parametrize("setting", CATALOGUE.values(), ids=CATALOGUE)
def test_a_number_has_limits_and_its_default_lies_within(setting: Setting) -> None:
    if setting.kind in {Kind.WHOLE, Kind.NUMBER}:
        assert isinstance(setting.default, (int, float))
        assert setting.least is not None
        assert setting.most is not None
        assert setting.least <= setting.default <= setting.most


def test_names_of_file_field_and_environment_belong_together() -> None:
    setting = CATALOGUE["listen.port"]

    assert setting.attribute == "listen_port"
    assert setting.environment == "INTERACTIONS_PROXY_LISTEN_PORT"
    assert Settings().listen_port == setting.default


def test_the_master_key_lies_in_the_data_folder_unless_told_otherwise() -> None:
    settings = Settings()

    assert settings.master_key_file == settings.data_folder / "keys/master.key"
    assert settings.run_folder == settings.data_folder / "run"


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Settings().listen_port = 1  # type: ignore[misc]  # that it is refused is the point
