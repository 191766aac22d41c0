"""From an exchange to a recording: what one HTTP exchange turned out to mean. Pure.

Foreign data never raises here: what could not be understood is a problem in the recording, and the
bytes are in the raw record.
"""

from __future__ import annotations

from collections.abc import Sequence

from proxy.errors import FormatError
from proxy.interactions.interaction import (
    Interaction,
    Request,
    id_hash,
    interaction_from_json,
    request_from_json,
)
from proxy.interactions.problems import JsonObject, Notes, ProblemKind
from proxy.interactions.steps import Step, steps_from_input, steps_from_json
from proxy.journal.format import Outcome
from proxy.recording.decision import Decision
from proxy.recording.exchange import Body, Exchange
from proxy.recording.facts import EventFact, ObservationFact, Recording, StepFact, UsageFact
from proxy.recording.operation import INTERACTION_OPERATIONS
from proxy.recording.reading.answer import EVENT_STREAM, Answer, error_code_of, read_answer
from proxy.recording.reading.decode import decode_body, json_object, settle_duplicates
from proxy.recording.reading.event_stream import NO_TIMES, StepTimes, StreamReading
from proxy.recording.reading.timeline import said_by_caller
from proxy.recording.repeats.marks import marks_of
from proxy.recording.secrecy.equality import Equality, EqualityOf, no_equality
from proxy.recording.secrecy.names import is_clear_id
from proxy.recording.telling.about import about_content
from proxy.recording.telling.event_facts import event_facts, event_name
from proxy.recording.telling.exchange_facts import (
    Heads,
    Ties,
    exchange_fact,
    problem_facts,
    read_heads,
    unknown_facts,
)
from proxy.recording.telling.observation_facts import (
    HOW,
    Told,
    answer_mac,
    equality_of,
    observation_fact,
    usage_facts,
)
from proxy.recording.telling.step_facts import StepTelling
from proxy.recording.telling.subject import Subject


def interpret(exchange: Exchange, equality: EqualityOf = no_equality) -> Recording:
    """What an exchange means, as facts in clear and contents to seal.

    The same exchange always gives the same recording: rebuilding the store depends on it.
    """
    notes = Notes()
    heads = read_heads(exchange, notes)
    if exchange.has_lost_frames:
        notes.problem(ProblemKind.LOST_FRAMES, "exchange", "something in between is missing")
    if exchange.is_answer_withheld:
        named = heads.target.interaction_id
        return Recording(exchange_fact(exchange, heads, Answer(), interaction=named, notes=notes))
    if heads.target.operation in INTERACTION_OPERATIONS:
        return _Interpretation(exchange, notes, heads, equality).recording()
    code = error_code_of(exchange, heads.answered, notes)
    is_streaming = heads.answered.media_type == EVENT_STREAM
    answer = Answer(is_streaming=is_streaming, error_code=code)
    return Recording(
        exchange_fact(exchange, heads, answer, interaction=None, notes=notes),
        problems=problem_facts(exchange, notes),
        unknowns=unknown_facts(exchange, notes),
    )


class _Interpretation:
    """One exchange about interactions, being read. Used once."""

    def __init__(
        self, exchange: Exchange, notes: Notes, heads: Heads, equality: EqualityOf
    ) -> None:
        self._exchange = exchange
        self._equality = equality
        self._notes = notes
        self._heads = heads
        self._name = str(exchange.id)
        self._how = HOW[heads.target.operation]
        self._telling = StepTelling(notes, equality(exchange.started_wall_ns))
        self._observations: list[ObservationFact] = []
        self._usage: list[UsageFact] = []
        self._events: list[EventFact] = []
        self._answer_macs: dict[str, str | None] = {}
        """By interaction; taken before media leave the steps."""
        self._request_mac: str | None = None

    def recording(self) -> Recording:
        request = self._request() if self._how == "created" else None
        answer = read_answer(self._exchange, self._heads.answered, self._notes)
        if answer.stream is not None:
            self._tell_stream(request, answer, answer.stream)
        elif answer.resource is not None:
            self._tell_resource(request, answer, answer.resource)
        else:
            self._tell_failure(request, answer)
        exchange, notes, telling = self._exchange, self._notes, self._telling
        interaction = self._subject_name()
        fact = exchange_fact(
            exchange,
            self._heads,
            answer,
            interaction=interaction,
            notes=notes,
            ties=Ties(self._request_mac, self._resumed_after(interaction)),
        )
        return Recording(
            fact,
            tuple(self._observations),
            tuple(telling.facts),
            tuple(self._usage),
            tuple(self._events),
            tuple(telling.media_facts),
            problem_facts(exchange, notes),
            unknown_facts(exchange, notes),
            contents=tuple(telling.contents),
            media=tuple(telling.media),
        )

    def _request(self) -> Request | None:
        body = self._exchange.request
        decoded = decode_body(body, self._heads.asked.codings, self._notes, "request")
        if not decoded.is_whole or not decoded.data:
            return None
        if self._exchange.request_ended_mono_ns is None:
            return None  # the outcome says that the request never came whole
        day = self._equality(self._exchange.started_wall_ns)
        self._request_mac = day.mac("request", decoded.data)
        data = self._sent_instead() or decoded.data
        raw = json_object(data, self._notes, "request body")
        if raw is None:
            return None
        settle_duplicates(data, raw, self._notes)
        return request_from_json(raw, self._notes)

    def _sent_instead(self) -> bytes:
        """What upstream was asked where a policy changed it; empty: what the client sent."""
        if not self._exchange.decision:
            return b""
        try:
            body = Decision.decode(self._exchange.decision).body
        except FormatError:  # not what this release knows
            return b""
        if body is None:
            return b""
        sent = Body(body, len(body), ())
        return decode_body(sent, self._heads.asked.codings, self._notes, "request").data

    def _tell_resource(self, request: Request | None, answer: Answer, resource: JsonObject) -> None:
        found = interaction_from_json(resource, self._notes)
        cuts = self._exchange.response.cuts
        at = cuts[-1].wall_ns if cuts else self._exchange.ended_wall_ns
        subject = self._subject(found.id, at)
        self._tell_steps(request, found, subject)
        self._observe(
            found, request, subject, answer, self._telling.facts, is_complete=answer.is_whole
        )

    def _tell_stream(self, request: Request | None, answer: Answer, stream: StreamReading) -> None:
        names: list[str] = []
        taken: set[str] = set()
        for place, part in enumerate(stream.assembled):
            told_count = len(self._telling.facts)
            found = interaction_from_json(part.raw, self._notes)
            at = stream.last_at(place) or self._exchange.ended_wall_ns
            subject = self._subject(found.id, at)
            if subject.interaction in taken:  # two without an id, say: never two rows of one name
                own = f"exchange:{self._name}/{place + 1}"
                subject = Subject(self._name, own, id_hash(own), at)
            taken.add(subject.interaction)
            names.append(subject.interaction)
            asked = request if place == 0 else None
            times = [stream.times(line) for line in part.timeline]
            self._tell_steps(asked, found, subject, times)
            is_complete = part.is_complete and not self._heads.target.is_partial
            steps = self._telling.facts[told_count:]
            self._observe(found, asked, subject, answer, steps, is_complete=is_complete)
        equality = self._equality_of(names[0] if names else self._name)
        self._events = event_facts(stream, self._exchange, tuple(names), equality)

    def _tell_failure(self, request: Request | None, answer: Answer) -> None:
        """No resource came back. A create is still worth a row: somebody asked; so is a deletion."""
        is_deletion = self._how == "deleted" and 200 <= (self._heads.answered.status or 0) < 300
        is_creation = self._how == "created" and self._exchange.outcome is not Outcome.REFUSED
        if not is_deletion and (not is_creation or request is None):
            return
        nothing = interaction_from_json({}, self._notes)
        subject = self._subject(None, self._exchange.ended_wall_ns)
        self._tell_steps(request, nothing, subject)
        is_complete = is_deletion or answer.is_whole
        steps = self._telling.facts
        self._observe(nothing, request, subject, answer, steps, is_complete=is_complete)

    def _tell_steps(
        self,
        request: Request | None,
        found: Interaction,
        subject: Subject,
        times: Sequence[StepTimes] = (),
    ) -> None:
        """What was sent, then what came back; a GET shows both in one timeline."""
        is_create = self._how == "created"
        shown_count = 0 if is_create else said_by_caller(found.steps)
        outputs, equality = found.steps[shown_count:], self._equality_of(subject.interaction)
        self._answer_macs[subject.interaction] = answer_mac(found, outputs, equality)
        asked: Sequence[Step] = request.steps if request else ()
        behind: Sequence[Step] = ()
        if not (is_create or shown_count) and "input" in found.raw:
            # include_input=true on an answer whose timeline does not show the input itself.
            raw = steps_from_input(found.raw["input"], self._notes)
            behind = steps_from_json(raw, self._notes, "/input")
        sent = [*asked, *found.steps[:shown_count], *behind]
        marks, answer_marks = marks_of(
            sent, outputs, self._equality, self._exchange.started_wall_ns
        )
        tell = self._telling.tell
        for step, mark in zip(asked, marks, strict=False):
            tell(step, subject, "input", NO_TIMES, mark)
        shown_marks = [*marks[len(asked) : len(asked) + shown_count], *answer_marks]
        for place, (step, mark) in enumerate(zip(found.steps, shown_marks, strict=True)):
            side = "input" if place < shown_count else "output"
            tell(step, subject, side, times[place] if place < len(times) else NO_TIMES, mark)
        for step, mark in zip(behind, marks[len(asked) :], strict=False):
            tell(step, subject, "input", NO_TIMES, mark)

    def _observe(
        self,
        found: Interaction,
        request: Request | None,
        subject: Subject,
        answer: Answer,
        steps: list[StepFact],
        *,
        is_complete: bool,
    ) -> None:
        interaction_id = (
            None if subject.interaction.startswith("exchange:") else subject.interaction
        )
        told = Told(
            subject,
            self._how,
            interaction_id,
            found,
            request,
            is_complete,
            answer.is_streaming,
            answer.error_code,
            self._telling.add_about(about_content(request, found, self._notes)),
            self._answer_macs.get(subject.interaction) if is_complete else None,
        )
        self._observations.append(observation_fact(told, steps))
        self._usage.extend(usage_facts(subject, found.usage))

    def _subject(self, interaction_id: str | None, at: int) -> Subject:
        """Of the id an answer gives, else of the id in the path, else of the exchange itself."""
        known = interaction_id or self._heads.target.interaction_id
        if known is None or not is_clear_id(known):
            known = f"exchange:{self._name}"
        return Subject(self._name, known, id_hash(known), at)

    def _equality_of(self, interaction: str) -> Equality:
        return equality_of(interaction, self._exchange.started_wall_ns, self._equality)

    def _resumed_after(self, interaction: str | None) -> str | None:
        event_id = self._heads.target.last_event_id
        if event_id is None:
            return None
        return event_name(event_id, self._equality_of(interaction or self._name))

    def _subject_name(self) -> str | None:
        if self._observations:
            return self._observations[0].interaction
        return self._heads.target.interaction_id
