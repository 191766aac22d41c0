"""What the same SDKs call beside interactions: every call is handed to the room of its noun.

Source: the protocol reference, section 16.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from proxy.emulator.asked.refusals import not_found
from proxy.emulator.asked.request import Json
from proxy.emulator.neighbours import tokens
from proxy.emulator.neighbours.classic import embeddings
from proxy.emulator.neighbours.classic.batches import Batches
from proxy.emulator.neighbours.classic.caches import Caches
from proxy.emulator.neighbours.classic.files import Files
from proxy.emulator.neighbours.classic.generate import Generation, prompt_tokens
from proxy.emulator.neighbours.classic.models import Models
from proxy.emulator.neighbours.classic.predictions import Predictions
from proxy.emulator.neighbours.classic.stores import Stores
from proxy.emulator.neighbours.contents import Contents
from proxy.emulator.neighbours.operations import Operations
from proxy.emulator.neighbours.resources import decisions
from proxy.emulator.neighbours.resources.agents import Agents
from proxy.emulator.neighbours.resources.credentials import Credentials
from proxy.emulator.neighbours.resources.environments import Environments
from proxy.emulator.neighbours.resources.triggers import Triggers
from proxy.emulator.neighbours.resources.voices import Voices
from proxy.emulator.neighbours.uploads import Uploads
from proxy.emulator.neighbours.visit import Reply, Visit, said

UPLOADS: Final = frozenset({"files.upload", "stores.upload", "environments.upload"})

Answer = Callable[[Visit], Reply]


class Neighbours:
    """All rooms, with what they remember. Mutable."""

    def __init__(self) -> None:
        contents = Contents()
        operations = Operations()
        files = Files(contents)
        caches = Caches(lambda body: prompt_tokens(body).total())
        generation = Generation(caches, files)
        batches = Batches(files, generation.generated)
        predictions = Predictions(operations, files)
        stores = Stores(operations, files)
        environments = Environments()
        self._agents = Agents()
        self._operations = operations
        uploads = Uploads(
            contents,
            {
                "files.upload": files.receiver,
                "stores.upload": stores.receiver,
                "environments.upload": environments.receiver,
            },
        )
        self._by_operation: dict[str, Answer] = {
            **dict.fromkeys(UPLOADS, uploads.answer),
            "models.list": Models().answer,
            "models.get": Models().answer,
            "models.batchGenerateContent": batches.answer,
            "models.asyncBatchEmbedContent": batches.answer,
            "models.embedContent": embeddings.answer,
            "models.batchEmbedContents": embeddings.answer,
            "models.predict": predictions.answer,
            "models.predictLongRunning": predictions.answer,
            "models.fetchPredictOperation": predictions.answer,
            "operations.get": self._operation,
        }
        self._by_noun: dict[str, Answer] = {
            "agents": self._agents.answer,
            "environments": environments.answer,
            "triggers": Triggers().answer,
            "credentials": Credentials().answer,
            "voices": Voices().answer,
            "decisions": decisions.answer,
            "models": generation.answer,
            "files": files.answer,
            "caches": caches.answer,
            "batches": batches.answer,
            "stores": stores.answer,
            "documents": stores.answer,
            "auth_tokens": tokens.answer,
        }

    def answer(self, visit: Visit) -> Reply:
        """Answer a call.

        Raises:
            Refusal: 404 for what is not there, 400 for what cannot be meant.
        """
        answer = self._by_operation.get(visit.route.operation) or self._by_noun.get(visit.noun)
        if answer is None:
            raise not_found("The requested path")
        return answer(visit)

    def agent(self, name: str) -> Json | None:
        """A custom agent by its name, as it was created; None if there is none."""
        return self._agents.named(name)

    def _operation(self, visit: Visit) -> Reply:
        start = f"{visit.route.project}/" if visit.route.project else ""
        return said(self._operations.poll(visit, start + visit.route.identity))
