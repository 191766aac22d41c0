"""Signed notes: what one key signed opens with its public key and with nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.audit.trail.note import Checkpoint, Signer, Verifier
from proxy.errors import FormatError

SIGNER = Signer("proxy.example/one", bytes(range(32)))
OTHER = Signer("proxy.example/one", bytes(32))
TEXT = Checkpoint("proxy.example/one", 7, bytes(32)).encode()


def test_a_note_opens_with_the_key_that_signed_it() -> None:
    assert SIGNER.verifier.opened(SIGNER.sign(TEXT)) == TEXT


def test_a_note_keeps_its_validity_under_the_signatures_of_others() -> None:
    signed = SIGNER.sign(TEXT) + OTHER.sign(TEXT).rpartition("\n\n")[2]

    assert SIGNER.verifier.opened(signed) == OTHER.verifier.opened(signed) == TEXT


def test_keys_come_back_from_their_lines_and_the_secret_is_in_no_repr() -> None:
    assert Signer.decode(SIGNER.encode()) == SIGNER
    assert Verifier.decode(SIGNER.verifier.encode() + "\n") == SIGNER.verifier
    assert str(SIGNER.secret) not in repr(SIGNER)


def test_the_published_example_of_a_checkpoint_is_read() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

    assert Checkpoint.decode(text).size == 20_852_163
    assert Checkpoint.decode(text).encode() == text


def test_the_published_public_key_is_read() -> None:
    """That of Go's checksum database: the same encoding by other people."""
    line = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

    assert Verifier.decode(line).encode() == line


@pytest.mark.parametrize(
    "line",
    ["", "a+b", "a b+00000000+AQ==", SIGNER.verifier.encode().replace("one", "two"), "a+00+!"],
)
def test_what_is_no_public_key_is_refused(line: str) -> None:
    with pytest.raises(FormatError):
        Verifier.decode(line)


@pytest.mark.parametrize("line", ["", "PRIVATE+KEY+a", SIGNER.encode().replace("one", "two")])
def test_what_is_no_private_key_is_refused(line: str) -> None:
    with pytest.raises(FormatError):
        Signer.decode(line)


@given(st.data())
def test_no_changed_byte_of_a_note_is_accepted(data: st.DataObject) -> None:
    note = SIGNER.sign(TEXT)
    at = data.draw(st.integers(0, len(note) - 1))
    changed = data.draw(st.characters(codec="utf-8").filter(lambda one: one != note[at]))

    try:
        opened = SIGNER.verifier.opened(note[:at] + changed + note[at + 1 :])
    except FormatError:
        return
    assert opened == TEXT  # unused bits of base64 may differ; the text may not


@pytest.mark.parametrize("note", ["", TEXT, TEXT + "\n", OTHER.sign(TEXT), "a\n\n\u2014 b\n"])
def test_what_this_key_did_not_sign_is_refused(note: str) -> None:
    with pytest.raises(FormatError):
        SIGNER.verifier.opened(note)


@pytest.mark.parametrize(
    "text", ["", "a\n1\n", "a\n01\nAAAA\n", "a\n1\nAAAA\n", TEXT + "\n", TEXT.rstrip("\n")]
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        Checkpoint.decode(text)
