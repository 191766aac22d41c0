"""Models as `models.list` and `models.get` show them, and which of them can do what.

Source: the protocol reference, sections 16.2 and 18. Limits and methods of a kind are those of its usual member.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from proxy.emulator.asked import catalogue
from proxy.emulator.asked.request import Json
from proxy.emulator.neighbours.shelf import Shelf, listed
from proxy.emulator.neighbours.visit import Reply, Visit, said

EMBEDDING_MODELS: Final = ("gemini-embedding-001", "gemini-embedding-2", "text-embedding-005")
PREDICTING_MODELS: Final = ("imagen-4.0-generate-001", "imagen-4.0-fast-generate-001")
VIDEO_MODELS: Final = ("veo-3.1-generate-preview", "veo-3.1-fast-generate-preview")
LIVE_MODELS: Final = ("gemini-3.1-flash-live-preview", "gemini-2.5-flash-native-audio-latest")
"""Models that interactions do not know but these calls do."""


@dataclass(frozen=True, slots=True)
class _Kind:
    input_limit: int
    output_limit: int
    methods: tuple[str, ...]
    description: str


_CACHING: Final = ("generateContent", "countTokens", "createCachedContent", "batchGenerateContent")
_EMBEDDING: Final = ("embedContent", "countTextTokens", "countTokens", "asyncBatchEmbedContent")

_TEXT: Final = _Kind(1_048_576, 65_536, _CACHING, "Text and understanding of media.")
_IMAGE: Final = _Kind(65_536, 32_768, _CACHING[:2] + _CACHING[3:], "Images from text and images.")
_SPEECH: Final = _Kind(8_192, 16_384, _CACHING[:2], "Speech and music from text.")
_OWN: Final[tuple[tuple[tuple[str, ...], _Kind], ...]] = (
    (EMBEDDING_MODELS, _Kind(2_048, 1, _EMBEDDING, "Embeddings of text.")),
    (PREDICTING_MODELS, _Kind(480, 8_192, ("predict",), "Images from text.")),
    (VIDEO_MODELS, _Kind(480, 8_192, ("predictLongRunning",), "Videos from text.")),
    (LIVE_MODELS, _Kind(131_072, 65_536, ("bidiGenerateContent", "countTokens"), "Live talk.")),
)
_SHARED: Final = {"image": _IMAGE, "speech": _SPEECH, "music": _SPEECH}
"""Kinds of the catalogue that differ from text."""

METHODS_ASKED: Final = {
    "streamGenerateContent": "generateContent",
    "batchEmbedContents": "embedContent",
    "fetchPredictOperation": "predictLongRunning",
}
"""The method a call needs, where it is not the call's own name."""

EXTRA_METHODS: Final = {"computeTokens": ("generateContent",), "predict": ("embedContent",)}
"""What Vertex offers besides: a call, and the methods one of which is as good."""


class Models:
    """All models, in a steady order."""

    def __init__(self) -> None:
        self._names: Shelf[str] = Shelf("models", "Model")
        for name in (*catalogue.MODELS, *(each for group, _ in _OWN for each in group)):
            self._names.put(name, name)

    def answer(self, visit: Visit) -> Reply:
        """Answer list and get.

        Raises:
            Refusal: 404, the model is not known.
        """
        if visit.verb == "get":
            return said(_shown(known(visit, visit.route.identity), visit))
        names, token = self._names.page(visit)
        field = "publisherModels" if visit.route.is_publisher else "models"
        return listed(field, [_shown(name, visit) for name in names], token, visit)


def known(visit: Visit, name: str) -> str:
    """The bare name of a model that is there.

    Raises:
        Refusal: 404, it is not; 400, it is an agent.
    """
    bare = catalogue.bare(name).rpartition("models/")[2]
    if catalogue.is_agent(bare):
        raise visit.refusal(400, "This model only supports Interactions API.")
    if not catalogue.is_model(bare) and _own(bare) is None:
        raise visit.refusal(404, _unsupported(visit, bare))
    return bare


def able(visit: Visit, name: str) -> str:
    """The bare name of a model that can do what is called for.

    Raises:
        Refusal: 404, it is not there or cannot; 400, it is an agent.
    """
    bare = known(visit, name)
    method = METHODS_ASKED.get(visit.verb, visit.verb)
    if not {method, *EXTRA_METHODS.get(visit.verb, ())} & set(kind_of(bare).methods):
        raise visit.refusal(404, _unsupported(visit, bare))
    return bare


def kind_of(name: str) -> _Kind:
    """What is usual for models of this one's kind."""
    entry = catalogue.entry(name)
    return _own(name) or _SHARED.get(entry.kind if entry else "text", _TEXT)


def _own(name: str) -> _Kind | None:
    return next((kind for names, kind in _OWN if name in names), None)


def _unsupported(visit: Visit, name: str) -> str:
    method = METHODS_ASKED.get(visit.verb, visit.verb)
    return (
        f"models/{name} is not found for API version {visit.route.version}, or is not supported "
        f"for {method}. Call ListModels to see the list of available models and their supported methods."
    )


def _shown(name: str, visit: Visit) -> Json:
    kind = kind_of(name)
    title = name.replace("-", " ").title()
    if visit.route.is_publisher:
        return {
            "name": f"publishers/google/models/{name}",
            "versionId": "default",
            "launchStage": "PUBLIC_PREVIEW" if "preview" in name else "GA",
            "openSourceCategory": "PROPRIETARY",
            "displayName": title,
        }
    shown: Json = {
        "name": f"models/{name}",
        "version": name.rpartition("-")[2] if name[-1:].isdigit() else "001",
        "displayName": title,
        "description": kind.description,
        "inputTokenLimit": kind.input_limit,
        "outputTokenLimit": kind.output_limit,
        "supportedGenerationMethods": list(kind.methods),
    }
    if "generateContent" in kind.methods:
        shown |= {"temperature": 1, "topP": 0.95, "topK": 64, "maxTemperature": 2}
    entry = catalogue.entry(name)
    return shown | ({"thinking": True} if entry is not None and entry.thinks else {})
