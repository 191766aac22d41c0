"""Files of an environment: written, listed as directories, unpacked, within limits."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.neighbours.resources.workspace import (
    BYTES_MAX,
    FILES_MAX,
    DoesNotFit,
    Workspace,
    _members,
    clean,
    inline,
)

AT = "2026-11-25T10:00:00Z"


def workspace_of(*paths: str) -> Workspace:
    workspace = Workspace()
    for path in paths:
        workspace.write(path, b"x", "text/plain", AT)
    return workspace


def shown(workspace: Workspace, path: str, *, is_recursive: bool = False) -> list[tuple[str, str]]:
    listed = workspace.listed(path, is_recursive=is_recursive)
    assert listed is not None
    return [(entry["type"], entry["path"]) for entry in listed]


def test_directories_show_what_lies_in_them() -> None:
    workspace = workspace_of("a.txt", "d/b.txt", "d/e/c.txt")

    assert shown(workspace, "") == [("file", "a.txt"), ("directory", "d")]
    assert shown(workspace, "d") == [("file", "d/b.txt"), ("directory", "d/e")]
    assert shown(workspace, "d/b.txt") == [("file", "d/b.txt")]
    assert ("file", "d/e/c.txt") in shown(workspace, "", is_recursive=True)
    assert workspace.listed("z", is_recursive=False) is None
    assert shown(Workspace(), "") == []


def test_a_file_written_again_keeps_when_it_was_made() -> None:
    workspace = workspace_of("a")
    workspace.write("a", b"xyz", "text/plain", "2027-01-01T00:00:00Z")

    entry = (workspace.listed("a", is_recursive=False) or [])[0]
    assert (entry["created"], entry["modified"]) == (AT, "2027-01-01T00:00:00Z")
    assert workspace.size == 3


def zip_of(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return stream.getvalue()


def tar_of(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tarred:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tarred.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_archives_are_unpacked_below_their_folder(pack: object) -> None:
    assert callable(pack)
    workspace = Workspace()
    workspace.extract("d", pack({"a.txt": b"a", "../../b.txt": b"b"}), AT)

    assert {path: file.content for path, file in workspace.files.items()} == {
        "d/a.txt": b"a",
        "d/b.txt": b"b",
    }


@given(st.binary(max_size=200))
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises(DoesNotFit):
        Workspace().extract("", data, AT)


def test_an_environment_holds_only_so_much() -> None:
    workspace = Workspace()
    workspace.write("a", bytes(BYTES_MAX), "x/y", AT)

    with pytest.raises(DoesNotFit):
        workspace.write("b", b"x", "x/y", AT)
    with pytest.raises(DoesNotFit):
        Workspace().extract("", zip_of({str(n): b"" for n in range(FILES_MAX + 1)}), AT)


@given(st.text())
def test_no_path_leads_out(path: str) -> None:
    assert not {"", ".", ".."} & set(clean(path).split("/")) or clean(path) == ""


def test_inline_sources_are_text_or_base64() -> None:
    assert inline({"content": "é"}) == "é".encode()
    assert inline({"content": "aGk=", "encoding": "base64"}) == b"hi"
    with pytest.raises(DoesNotFit):
        inline({"content": "!", "encoding": "base64"})


def zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"some text, some text, some text " * 40)
    return made.getvalue()


def changed(archive: bytes, place: int, *new: int) -> bytes:
    return archive[:place] + bytes(new) + archive[place + len(new) :]


def encrypted() -> bytes:
    """The flag that says so, in the entry and in the directory."""
    archive = zipped()
    return changed(changed(archive, 6, 1), archive.index(b"PK\x01\x02") + 8, 1)


def of_an_unknown_method() -> bytes:
    archive = zipped()
    return changed(changed(archive, 8, 97), archive.index(b"PK\x01\x02") + 10, 97)


def damaged() -> bytes:
    return changed(zipped(), 35, 0xFF, 0xFF, 0xFF, 0xFF)


def damaged_tar() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"), io.BytesIO())
    return changed(made.getvalue(), 12, 0xFF, 0xFF, 0xFF, 0xFF)


@pytest.mark.parametrize("make", [encrypted, of_an_unknown_method, damaged, damaged_tar])
def test_an_archive_that_cannot_be_opened_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(DoesNotFit, match="whole zip"):
        list(_members(make()))
