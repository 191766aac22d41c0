"""Images and videos by `predict` and `predictLongRunning`, and the embeddings that Vertex asks for so.

Source: the protocol reference, section 16.2, and the SDK's own reading of the answers.
"""

from __future__ import annotations

import base64
from typing import Any, Final

from proxy.emulator.answers.media import films, pictures
from proxy.emulator.answers.usage import text_tokens
from proxy.emulator.asked.request import Json
from proxy.emulator.neighbours.classic.embeddings import embedding
from proxy.emulator.neighbours.classic.files import Files
from proxy.emulator.neighbours.classic.models import able
from proxy.emulator.neighbours.operations import Operations
from proxy.emulator.neighbours.visit import Reply, Visit, said

SAMPLES_MAX: Final = 4
"""Pictures or videos of one request, as documented."""

VIDEO_S: Final = 8.0

INSTANCES_MAX: Final = 250


class Predictions:
    """Answers what is asked of models that predict."""

    def __init__(self, operations: Operations, files: Files) -> None:
        self._operations = operations
        self._files = files

    def answer(self, visit: Visit) -> Reply:
        """Answer predict, predictLongRunning and fetchPredictOperation.

        Raises:
            Refusal: 404 for an unknown model or operation, 400 for no instances.
        """
        model, body = able(visit, visit.route.identity), visit.parsed()
        if visit.verb == "fetchPredictOperation":
            return said(self._operations.poll(visit, str(body.get("operationName") or "")))
        instances = body.get("instances")
        if not isinstance(instances, list) or not 0 < len(instances) <= INSTANCES_MAX:
            raise visit.refusal(400, f"Give from 1 to {INSTANCES_MAX} instances.")
        parameters = body.get("parameters")
        count = _samples(parameters if isinstance(parameters, dict) else {})
        if visit.verb == "predict":
            return said({"predictions": _predictions(visit, model, instances, body, count)})
        return said(self._start(visit, model, count))

    def _start(self, visit: Visit, model: str, count: int) -> Json:
        identity, project = visit.new_id(), visit.route.project
        if project:
            name = f"{project}/publishers/google/models/{model}/operations/{identity}"
            return self._operations.start(name, lambda now: _vertex_videos(now, count))
        name = f"models/{model}/operations/{identity}"
        return self._operations.start(name, lambda now: self._videos(now, count))

    def _videos(self, visit: Visit, count: int) -> Json:
        """As the Gemini API answers: videos are files to be downloaded."""
        made = [self._files.generated(visit, _video(visit), "video/mp4") for _ in range(count)]
        samples = [{"video": {"uri": file["downloadUri"]}} for file in made]
        return {"generateVideoResponse": {"generatedSamples": samples}}


def _vertex_videos(visit: Visit, count: int) -> Json:
    """As Vertex answers: the bytes themselves."""
    videos = [_encoded(_video(visit), "video/mp4") for _ in range(count)]
    return {"raiMediaFilteredCount": 0, "videos": videos}


def _video(visit: Visit) -> bytes:
    return films.mp4(pictures.drawn(visit.chance, "16:9"), VIDEO_S)


def _predictions(
    visit: Visit, model: str, instances: list[Any], body: Json, count: int
) -> list[Json]:
    found = [each for each in instances if isinstance(each, dict)]
    if found and "content" in found[0]:
        dimensions = _dimensions(body)
        return [
            _embedded(visit, model, str(each.get("content") or ""), dimensions) for each in found
        ]
    drawn = [pictures.png(pictures.drawn(visit.chance)) for _ in range(count)]
    return [_encoded(picture, "image/png") for picture in drawn]


def _embedded(visit: Visit, model: str, text: str, dimensions: Json) -> Json:
    request = {"content": {"parts": [{"text": text}]}} | dimensions
    statistics = {"token_count": text_tokens(text), "truncated": False}
    return {"embeddings": embedding(visit, model, request) | {"statistics": statistics}}


def _dimensions(body: Json) -> Json:
    parameters = body.get("parameters")
    wanted = parameters.get("outputDimensionality") if isinstance(parameters, dict) else None
    return {"outputDimensionality": wanted} if wanted is not None else {}


def _samples(parameters: Json) -> int:
    wanted = parameters.get("sampleCount")
    return min(wanted, SAMPLES_MAX) if isinstance(wanted, int) and wanted > 0 else 1


def _encoded(data: bytes, mime_type: str) -> Json:
    return {"bytesBase64Encoded": base64.b64encode(data).decode(), "mimeType": mime_type}
