"""Media of the steps as facts in clear, and inline ones as objects of their own, to be sealed. Pure.

The same bytes twice in one exchange are one object: a picture that a caller sends with every question
of a stateless conversation is sealed once a turn.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field
from typing import Final

from proxy.interactions.content import Media
from proxy.interactions.problems import Notes, ProblemKind
from proxy.recording.facts import MediaFact, MediaObject
from proxy.recording.media.extent import UNKNOWN, Extent, extent_of
from proxy.recording.reading.heads import clear_media_type
from proxy.recording.secrecy.equality import NO_EQUALITY, Equality
from proxy.recording.telling.subject import Subject

MEDIA_MAX: Final = 10_000
"""Media of one exchange that are told: each inline one is a sealed record and a line of 61 bytes in the
manifest, which must fit one record. An answer has a few; a hostile one of 16 MiB half a million."""
NOT_INLINE: Final = -1
"""media_index of what came by URI: there is no object."""
_FILE: Final = re.compile(
    r"(?:https?://[^/?#]{1,255}/(?:[^/?#]{1,50}/){0,5})?files/[A-Za-z0-9_-]{1,100}"
)
"""Names of the Files API: .../v1beta/files/abc, whatever the host (a proxy's, say)."""


@dataclass(slots=True)
class MediaTelling:
    """Collects what the media of one exchange become. Mutable; takes over the contents' raw JSON."""

    notes: Notes
    equality: Equality = NO_EQUALITY
    facts: list[MediaFact] = field(default_factory=list)
    objects: list[MediaObject] = field(default_factory=list)
    places: dict[bytes, tuple[int, Extent, str | None]] = field(default_factory=dict)
    """Where the same bytes stand already."""
    has_left: bool = False
    """More than MEDIA_MAX came."""

    def tell(self, content: Media, subject: Subject, side: str, step_index: int) -> None:
        """Add one media content of a step; inline data gives way to {"$media": index}."""
        if not (content.data or content.uri):
            return
        where = f"{side} step {step_index}"
        if len(self.facts) >= MEDIA_MAX:
            if not self.has_left:
                detail = f"more than {MEDIA_MAX} media objects; the rest stays in the steps"
                self.notes.problem(ProblemKind.TOO_MANY, where, detail)
            self.has_left = True
            return
        mime_type = clear_media_type(content.mime_type) if content.mime_type else None
        if content.data:
            try:
                data = binascii.a2b_base64(content.data, strict_mode=True)
            except ValueError:  # binascii.Error, or characters beyond ASCII
                detail = "media data stays in the step"
                self.notes.problem(ProblemKind.BASE64_BROKEN, where, detail)
                return
            index, extent, mac = self._placed(data, mime_type)
            content.raw["data"] = {"$media": index}
            source, size = "inline", len(data)
        else:
            uri = content.uri or ""
            index, extent, size = NOT_INLINE, UNKNOWN, 0
            mac = self.equality.mac("media_uri", uri.encode("utf-8", "surrogatepass"))
            source = "file" if _FILE.fullmatch(uri) else "uri"
        self.facts.append(
            MediaFact(
                subject.exchange,
                subject.interaction,
                subject.id_hash,
                side,
                step_index,
                index,
                content.type,
                mime_type,
                size,
                mac,
                source,
                extent.width,
                extent.height,
                extent.duration_ms,
            )
        )

    def _placed(self, data: bytes, mime_type: str | None) -> tuple[int, Extent, str | None]:
        """Place of the object with these bytes, made if there is none yet; its extent and digest."""
        known = self.places.get(data)
        if known is None:
            known = len(self.objects), extent_of(data), self.equality.mac("media", data)
            self.places[data] = known
            self.objects.append(MediaObject(mime_type, data))
        return known
