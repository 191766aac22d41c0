"""The settings for people."""

import pytest

from proxy.config.catalogue import CATALOGUE, Settings
from proxy.config.explain import BEGIN, END, explain_lines, settings_table, with_table
from proxy.config.load import Resolved
from proxy.errors import ConfigError

DEFAULTS = Resolved(Settings(), dict.fromkeys(CATALOGUE, "default"))


def test_each_setting_is_one_line_with_value_and_origin() -> None:
    lines = list(explain_lines(DEFAULTS, with_reasons=False))

    assert len(lines) == len(CATALOGUE)
    assert "listen.port = 8080    [default]" in lines


def test_with_reasons_each_setting_also_says_what_it_is_for() -> None:
    lines = list(explain_lines(DEFAULTS, with_reasons=True))

    assert len(lines) == 3 * len(CATALOGUE)
    assert any("INTERACTIONS_PROXY_LISTEN_PORT" in line for line in lines)


def test_the_table_has_a_row_for_every_setting() -> None:
    assert len(settings_table().splitlines()) == 2 + len(CATALOGUE)


def test_a_document_keeps_everything_around_its_table() -> None:
    document = f"before\n{BEGIN}\nold\n{END}\nafter\n"

    fresh = with_table(document)

    assert fresh == f"before\n{BEGIN}\n{settings_table()}\n{END}\nafter\n"
    assert with_table(fresh) == fresh


def test_a_document_without_the_place_is_refused() -> None:
    with pytest.raises(ConfigError, match="no place for the table"):
        with_table("nothing here")
