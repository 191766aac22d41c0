"""How a setting is declared."""

from proxy.config.declare import Kind, Setting


def _declared(**changed: object) -> Setting:
    about: dict[str, object] = {"least": None, "most": None, "choices": (), **changed}
    return Setting("journal.mode", Kind.TEXT, "", None, why="Because.", **about)  # type: ignore[arg-type]


def test_a_setting_has_one_name_in_three_spellings() -> None:
    assert _declared().attribute == "journal_mode"
    assert _declared().environment == "INTERACTIONS_PROXY_JOURNAL_MODE"


def test_limits_are_told_as_people_would() -> None:
    assert _declared().limits == ""
    assert _declared(least=1, most=65535).limits == "1 to 65,535"
    assert _declared(choices=("strict", "available")).limits == "strict or available"
