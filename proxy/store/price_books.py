"""Price books where they lie: in the package, or in a file of the operator's."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

from proxy.errors import FormatError, StartRefused
from proxy.recording.pricing.book import PriceBook, parse_book

_SUFFIX: Final = ".json"


def shipped_books() -> tuple[str, ...]:
    """Versions of the books of this release, the newest last."""
    folder = resources.files("proxy.recording.pricing") / "books"
    names = (file.name for file in folder.iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def price_book_bytes(named: str | Path | None = None) -> bytes:
    """The file of a book: of this release by version, of the operator by path; None: the newest shipped.

    Raises:
        StartRefused: there is no such book.
    """
    versions = shipped_books()
    version = versions[-1] if named is None else str(named)
    if version in versions:
        folder = resources.files("proxy.recording.pricing") / "books"
        return (folder / f"{version}{_SUFFIX}").read_bytes()
    try:
        return Path(version).read_bytes()
    except OSError as error:
        known = ", ".join(versions)
        raise StartRefused(
            f"no price book {version}: neither a file ({error.strerror}) nor one of {known}"
        ) from error


def price_book(named: str | Path | None = None) -> PriceBook:
    """A book, read.

    Raises:
        StartRefused: there is none, or it is not one; the text says what is wrong with it.
    """
    try:
        return parse_book(price_book_bytes(named))
    except FormatError as error:
        raise StartRefused(f"the price book {named or 'of this release'}: {error}") from error
