"""One value at a time, and the checks across settings."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.catalogue import CATALOGUE, Settings
from proxy.config.values import cross_problems, is_loopback, read_value


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("listen.port", "0", 0),
        ("listen.port", 65535, 65535),
        ("gateway.keepalive_s", "2.5", 2.5),
        ("gateway.keepalive_s", 3, 3.0),
        ("journal.mode", "available", "available"),
        ("upstream.ca_file", None, None),
        ("keys.master_file", "/k", Path("/k")),
    ],
)
def test_a_usable_value_is_read(name: str, text: object, value: object) -> None:
    assert read_value(CATALOGUE[name], text) == (value, None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("listen.port", "65536"),
        ("listen.port", "-1"),
        ("listen.port", "eighty"),
        ("listen.port", 80.5),
        ("listen.port", True),
        ("listen.port", None),
        ("gateway.keepalive_s", "nan"),
        ("gateway.keepalive_s", "inf"),
        ("journal.mode", "Strict"),
        ("journal.mode", ["strict"]),
        ("upstream.url", ""),
        ("data.folder", ""),
        ("data.folder", "a\0b"),
        ("data.folder", 7),
    ],
)
def test_an_unusable_value_is_named_with_what_may_be_set(name: str, text: object) -> None:
    value, problem = read_value(CATALOGUE[name], text)

    assert value is None
    assert problem is not None
    assert "it takes a" in problem


def test_a_very_long_bad_value_is_not_repeated_whole() -> None:
    _, problem = read_value(CATALOGUE["journal.mode"], "x" * 10_000)

    assert problem is not None
    assert len(problem) < 200


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.sampled_from(list(CATALOGUE.values())), json_like)
def test_any_value_is_either_read_or_refused_with_a_sentence(
    setting: object, value: object
) -> None:
    found, problem = read_value(setting, value)  # type: ignore[arg-type]  # one of the catalogue's

    assert (problem is None) or (found is None)


@pytest.mark.parametrize(
    "url",
    [
        "https://generativelanguage.googleapis.com",
        "https://example.org:8443",
        "http://127.0.0.1:9000",
        "http://localhost:9000",
        "http://[::1]:9000",
    ],
)
def test_an_origin_is_a_usable_upstream(url: str) -> None:
    assert cross_problems(Settings(upstream_url=url)) == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.org", "plain text"),
        ("https://example.org/v1beta", "an origin only"),
        ("https://example.org?key=x", "an origin only"),
        ("https://user:secret@example.org", "an origin only"),
        ("example.org", "is not an origin"),
        ("ftp://example.org", "is not an origin"),
        ("https://[::1", "is not an origin"),
        ("https://example.org:99999", "is not an origin"),
        ("https://", "is not an origin"),
    ],
)
def test_an_upstream_that_is_no_safe_origin_is_refused(url: str, said: str) -> None:
    (problem,) = cross_problems(Settings(upstream_url=url))

    assert said in problem
    assert "secret" not in problem


def test_a_listen_address_must_be_an_address() -> None:
    (problem,) = cross_problems(Settings(listen_address="my-host"))

    assert "not an IP address" in problem


def test_a_certificate_file_must_be_there(tmp_path: Path) -> None:
    (problem,) = cross_problems(Settings(upstream_ca_file=tmp_path / "ca.pem"))

    assert "there is no file" in problem


def test_a_price_book_must_be_there(tmp_path: Path) -> None:
    (problem,) = cross_problems(Settings(costs_book_file=tmp_path / "own.json"))

    assert "there is no file" in problem


@given(st.text())
def test_any_text_as_upstream_or_address_gives_sentences_and_no_exception(text: str) -> None:
    cross_problems(Settings(upstream_url=text, listen_address=text))


@pytest.mark.parametrize("name", ["data.folder", "keys.master_file", "upstream.ca_file"])
def test_the_home_of_nobody_is_refused_with_a_sentence(name: str) -> None:
    found, problem = read_value(CATALOGUE[name], "~nobody-of-this-name/x")

    assert found is None
    assert "~nobody-of-this-name/x" in (problem or "")


def test_loopback_is_told_from_the_rest() -> None:
    assert is_loopback("127.9.9.9")
    assert is_loopback("::1")
    assert is_loopback("localhost")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("example.org")


@pytest.mark.parametrize("via", ["", "here", "proxy-1.eu.example"])
def test_a_token_is_a_name_in_via(via: str) -> None:
    assert cross_problems(Settings(gateway_via=via)) == []


@pytest.mark.parametrize("via", ["a b", "a\r\nX: y", "a,b", "(a)", "ä", "a" * 65])
def test_what_could_end_a_line_is_no_name_in_via(via: str) -> None:
    (problem,) = cross_problems(Settings(gateway_via=via))

    assert problem.startswith("gateway.via ")


@pytest.mark.parametrize(
    ("url", "listens_at"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1"),
        ("http://localhost:8080", "0.0.0.0"),
        ("http://[::1]:8080", "::"),
        ("https://10.0.0.7:8080", "10.0.0.7"),
    ],
)
def test_a_proxy_that_would_ask_itself_is_refused(url: str, listens_at: str) -> None:
    (problem,) = cross_problems(Settings(upstream_url=url, listen_address=listens_at))

    assert problem == f"upstream.url: {url} is this proxy itself"
    assert (
        cross_problems(Settings(upstream_url=url, listen_address=listens_at, listen_port=1)) == []
    )


def test_text_that_is_empty_by_default_may_be_given_so() -> None:
    assert read_value(CATALOGUE["gateway.via"], "") == ("", None)
    assert read_value(CATALOGUE["upstream.url"], "")[0] is None


@pytest.mark.parametrize("scope", ["", "0123456789abcdef", "0123456789abcdef,fedcba9876543210"])
def test_a_scope_is_fingerprints(scope: str) -> None:
    assert cross_problems(Settings(steward_scope=scope)) == []


@pytest.mark.parametrize("scope", ["AIza-a-key", "0123456789abcdef,", "0123456789ABCDEF"])
def test_anything_else_is_no_scope_and_not_repeated(scope: str) -> None:
    (problem,) = cross_problems(Settings(steward_scope=scope))

    assert problem.startswith("steward.scope takes fingerprints")
    assert scope not in problem


def test_webhooks_arrive_at_an_address() -> None:
    (problem,) = cross_problems(Settings(webhook_address="hooks.example"))

    assert problem.startswith("webhook.address: ")


@pytest.mark.parametrize(
    ("name", "url", "is_fine"),
    [
        ("console_trace_url", "https://t.example/{trace_id}", True),
        ("console_trace_url", "https://t.example/", False),
        ("console_trace_url", "javascript:alert('{trace_id}')", False),
        ("console_dashboard_url", "http://d.example/?from={from}&to={to}", True),
        ("console_dashboard_url", 'https://d.example/"onclick', False),
        ("console_dashboard_url", "d.example", False),
    ],
)
def test_the_console_leads_to_web_addresses_alone(name: str, url: str, *, is_fine: bool) -> None:
    problems = cross_problems(Settings(**{name: url}))  # type: ignore[arg-type]  # a field's name

    assert (not problems) is is_fine
    assert is_fine or name.replace("_", ".", 1) in problems[0]


def test_a_certificate_needs_its_key_and_clients_certificates_a_certificate(
    tmp_path: Path,
) -> None:
    file = tmp_path / "a.pem"
    file.write_text("")

    (alone,) = cross_problems(Settings(listen_tls_certificate_file=file))
    (bare,) = cross_problems(Settings(admin_tls_client_ca_file=file))
    (missing,) = cross_problems(
        Settings(admin_tls_certificate_file=file, admin_tls_key_file=tmp_path / "b.pem")
    )

    assert alone == "set both listen.tls_certificate_file and listen.tls_key_file"
    assert bare == "admin.tls_client_ca_file needs admin.tls_certificate_file"
    assert missing.startswith("admin.tls_key_file: there is no file ")


@pytest.mark.parametrize(
    ("url", "is_fine"),
    [
        ("off", True),
        ("http://proxy.example:3128", True),
        ("http://[2001:db8::1]:3128/", True),
        ("https://proxy.example:3128", False),
        ("http://proxy.example", False),
        ("http://me:secret@proxy.example:3128", False),
        ("proxy.example:3128", False),
        ("http://proxy.example:99999", False),
    ],
)
def test_an_outbound_proxy_is_a_host_and_a_port(url: str, *, is_fine: bool) -> None:
    problems = cross_problems(Settings(upstream_proxy_url=url))

    assert (not problems) is is_fine
    assert "secret" not in str(problems)
