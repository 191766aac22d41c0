"""Batches of generateContent and embedContent: pending, running at the first look, done at the second.

Source: the protocol reference, section 16.2, and the SDK's own reading of the answers. Vertex calls them
batch prediction jobs, reads from and writes to storage, and words their states differently.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from proxy.emulator.answers.resource import timestamp
from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.asked.request import Json
from proxy.emulator.asked.routes import Route
from proxy.emulator.neighbours.classic.embeddings import embedding
from proxy.emulator.neighbours.classic.files import Files
from proxy.emulator.neighbours.classic.models import able, known
from proxy.emulator.neighbours.shelf import Shelf, listed
from proxy.emulator.neighbours.visit import EMPTY, Reply, Visit, field_of, said

REQUESTS_MAX: Final = 10_000
"""Requests of one batch that are answered; a batch of more is refused."""

FINISHED: Final = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})

Generate = Callable[[Visit, Json], Json]
"""Answers one request of generateContent; raises Refusal."""


@dataclass(slots=True)
class _Batch:
    shown: Json
    """As the Gemini API writes it, or Vertex; without what follows from the state."""
    model: str
    requests: list[Json]
    """Each with `request` and, if it has one, `metadata` or `key`."""
    created: str
    updated: str
    state: str = "PENDING"
    is_vertex: bool = False
    wants_file: bool = False
    embeds: bool = False
    output: Json | None = None


class Batches:
    """Batches by id. Mutable."""

    def __init__(self, files: Files, generate: Generate) -> None:
        self._files = files
        self._generate = generate
        self._batches: Shelf[_Batch] = Shelf("batches", "Batch")

    def answer(self, visit: Visit) -> Reply:
        """Answer create, list, get, cancel and delete; `models.batch…` is a create.

        Raises:
            Refusal: 404 for an unknown batch, model or file, 400 for requests that cannot be read.
        """
        identity = visit.route.identity
        if visit.noun == "models" or visit.verb == "create":
            return said(_shown(self._create(visit)))
        match visit.verb:
            case "list":
                found, token = self._batches.page(
                    visit, only=lambda batch: batch.is_vertex == bool(visit.route.project)
                )
                field = "batchPredictionJobs" if visit.route.project else "operations"
                return listed(field, [_shown(batch) for batch in found], token, visit)
            case "get":
                batch = self._batches.get(identity, visit.now_s)
                self._move_on(visit, batch)
                return said(_shown(batch))
            case "cancel":
                batch = self._batches.get(identity, visit.now_s)
                if batch.state not in FINISHED:
                    batch.state, batch.updated = "CANCELLED", timestamp(visit.now_s)
                return EMPTY
        batch = self._batches.take(identity, visit.now_s)
        done = {"name": f"operations/{visit.new_id()}", "done": True}
        return said(done) if batch.is_vertex else EMPTY

    def _create(self, visit: Visit) -> _Batch:
        identity, at = visit.new_id(), timestamp(visit.now_s)
        if visit.route.project:
            identity = str(int(identity, 36))  # Vertex numbers them.
        batch = (
            self._vertex_batch(visit, identity, at)
            if visit.route.project
            else self._batch(visit, identity, at)
        )
        self._batches.put(identity, batch)
        return batch

    def _vertex_batch(self, visit: Visit, identity: str, at: str) -> _Batch:
        body = visit.parsed()
        visit.needed(body, "model", "inputConfig")
        known(visit, str(body["model"]))
        name = f"{visit.route.project}/batchPredictionJobs/{identity}"
        given = ("displayName", "model", "inputConfig", "outputConfig")
        shown = {"name": name} | {key: body[key] for key in given if key in body}
        return _Batch(shown, str(body["model"]), [], created=at, updated=at, is_vertex=True)

    def _batch(self, visit: Visit, identity: str, at: str) -> _Batch:
        model, batch = able(visit, visit.route.identity), visit.parsed().get("batch")
        given = batch if isinstance(batch, dict) else {}
        source = field_of(given, "inputConfig")
        source = source if isinstance(source, dict) else {}
        file_name = field_of(source, "fileName")
        requests = self._lines(visit, str(file_name)) if file_name else _inlined(source)
        if not 0 < len(requests) <= REQUESTS_MAX:
            raise visit.refusal(400, f"Give from 1 to {REQUESTS_MAX} requests.")
        name = str(field_of(given, "displayName") or "")
        shown = {"name": f"batches/{identity}", "displayName": name}
        return _Batch(
            shown,
            model,
            requests,
            created=at,
            updated=at,
            wants_file=bool(file_name),
            embeds=visit.verb == "asyncBatchEmbedContent",
        )

    def _lines(self, visit: Visit, name: str) -> list[Json]:
        """The requests of an uploaded file, one a line."""
        _, content = self._files.file(visit, name)
        try:
            lines = [orjson.loads(line) for line in content.splitlines() if line.strip()]
        except orjson.JSONDecodeError:
            raise visit.refusal(400, f"A line of {name} is not JSON.") from None
        return [line for line in lines if isinstance(line, dict)]

    def _move_on(self, visit: Visit, batch: _Batch) -> None:
        """A look moves a batch that is not over yet one state on."""
        if batch.state in FINISHED:
            return
        batch.state = "RUNNING" if batch.state == "PENDING" else "SUCCEEDED"
        batch.updated = timestamp(visit.now_s)
        if batch.state == "SUCCEEDED" and not batch.is_vertex:
            batch.output = self._output(visit, batch)

    def _output(self, visit: Visit, batch: _Batch) -> Json:
        answers = [self._answered(visit, batch, each) for each in batch.requests]
        if batch.wants_file:
            lines = b"\n".join(orjson.dumps(each) for each in answers)
            file = self._files.generated(visit, lines, "application/jsonl")
            return {"responsesFile": file["name"]}
        field = "inlinedEmbedContentResponses" if batch.embeds else "inlinedResponses"
        return {field: {"inlinedResponses": answers}}

    def _answered(self, visit: Visit, batch: _Batch, line: Json) -> Json:
        """What became of one request; an error is its answer, the others go on."""
        kept = {name: line[name] for name in ("key", "metadata") if name in line}
        request = line.get("request")
        request = request if isinstance(request, dict) else {}
        try:
            if batch.embeds:
                made = {"embedding": embedding(visit, batch.model, request)}
            else:
                route = Route("models.generateContent", batch.model, visit.route.version)
                made = self._generate(replace(visit, route=route), request)
        except Refusal as refusal:
            return kept | {"error": {"code": refusal.status, "message": refusal.message}}
        return kept | {"response": made}


def _inlined(source: Json) -> list[Json]:
    outer: Any = source.get("requests")
    inner = outer.get("requests") if isinstance(outer, dict) else outer
    return [each for each in inner if isinstance(each, dict)] if isinstance(inner, list) else []


def _shown(batch: _Batch) -> Json:
    times = {"createTime": batch.created, "updateTime": batch.updated}
    if batch.state in FINISHED:
        times["endTime"] = batch.updated
    if batch.is_vertex:
        return batch.shown | {"state": f"JOB_STATE_{batch.state}"} | times
    done = len(batch.requests) if batch.state == "SUCCEEDED" else 0
    metadata: Json = {
        "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
        "model": f"models/{batch.model}",
        **batch.shown,
        "state": f"BATCH_STATE_{batch.state}",
        **times,
        "batchStats": {
            "requestCount": str(len(batch.requests)),
            "pendingRequestCount": str(len(batch.requests) - done),
            "successfulRequestCount": str(done),
        },
    }
    shown: Json = {"name": batch.shown["name"], "metadata": metadata}
    if batch.output is not None:
        metadata["output"] = batch.output
        shown |= {"response": batch.output}
    return shown | ({"done": True} if batch.state in FINISHED else {})
