"""What observations add to the counts: an interaction when its end is first seen, a step when it is first shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from proxy.interactions.known import CALL_TYPES, RESULT_TYPES
from proxy.recording.facts import ExchangeFact, ObservationFact, Recording, StepFact
from proxy.telemetry.metrics.counts.closing import Admitted, closing, error_label
from proxy.telemetry.metrics.counts.ending import Open, OpenRuns
from proxy.telemetry.metrics.counts.tally import PICO, Tally

Seen = tuple[str, str, int]
"""Trace id, exchange, wall clock: what an exemplar is made of."""

PROVIDER: Final = "gcp.gemini"
UNSEEN: Final = "unseen"
_ANSWERS: Final = CALL_TYPES | {"thought", "model_output"}
"""Steps of a model: what stands behind the last of them in an input is new in this turn."""

_status = closing("status")
_store = closing("store")
_type = closing("type")
_item = closing("item")
_tool = closing("tool")


class InteractionCounts:
    """Interactions, their steps, tokens and cost. `open` is what is not counted yet."""

    def __init__(self, tally: Tally, models: Admitted) -> None:
        self.open = OpenRuns()
        self._models = models
        self._creates = tally.counts("ixp_creates_total")
        self._ended = tally.counts("ixp_interactions_total")
        self._durations = tally.distribution("ixp_interaction_duration_seconds")
        self._first_events = tally.distribution("ixp_time_to_first_event_seconds")
        self._first_outputs = tally.distribution("ixp_time_to_first_output_seconds")
        self._gaps = tally.distribution("ixp_stream_gap_seconds")
        self._rates = tally.distribution("ixp_output_tokens_per_second")
        self._turns = tally.counts("ixp_turns_total")
        self._background = tally.counts("ixp_background_interactions")
        self._oldest = tally.counts("ixp_background_oldest_age_seconds", 1e-9)
        self._tokens = tally.counts("ixp_tokens_total")
        self._cost = tally.counts("ixp_cost_usd_total", PICO)
        self._unpriced = tally.counts("ixp_unpriced_interactions_total")
        self._grounding = tally.counts("ixp_grounding_queries_total")
        self._steps = tally.counts("ixp_steps_total")
        self._step_durations = tally.distribution("ixp_step_duration_seconds")
        self._calls = tally.counts("ixp_tool_calls_total")
        self._results = tally.counts("ixp_tool_results_total")
        self._classic_durations = tally.distribution("gen_ai_client_operation_duration_seconds")
        self._classic_tokens = tally.distribution("gen_ai_client_token_usage")
        self._classic_first = tally.distribution(
            "gen_ai_client_operation_time_to_first_chunk_seconds"
        )

    def take(self, recording: Recording, told: ObservationFact, seen: Seen) -> None:
        """Count what one exchange told about one interaction."""
        if told.how == "created":
            self._begin(recording, told, seen)
            return
        run = self.open.find(told.id_hash)
        if run is None:
            return  # it ended before, or was not created here
        if told.how == "deleted":
            self._end_unseen(run)
            self.open.end(told.id_hash)
            return
        run.status = told.status or run.status
        fresh = self._fresh_steps(recording, told, run)
        self._count_steps(fresh, told)
        if told.how == "resumed":
            run.steps_seen += len(fresh)
        if told.is_terminal:
            self.open.end(told.id_hash)
            self._end(recording, told, run, seen)

    def give_up(self, now_ns: int) -> None:
        """Count those whose end nobody saw in time; `now_ns` is the time of the facts."""
        for run in self.open.overdue(now_ns):
            self._end_unseen(run)

    def tell_open(self, now_ns: int) -> None:
        """Set the gauges of background work."""
        waiting = [run for run in self.open if run.mode == "background"]
        self._background.values = {("queued",): 0, ("in_progress",): 0}
        for run in waiting:
            self._background.add((_status(run.status),))
        oldest = min((run.began_at for run in waiting), default=now_ns)
        self._oldest.values = {(): max(0, now_ns - oldest)}

    def _begin(self, recording: Recording, told: ObservationFact, seen: Seen) -> None:
        exchange = recording.exchange
        mode = _mode(told)
        self._creates.add((mode, _store(told.store or "inherited")))
        self._turns.add(("first" if told.previous_hash is None else "later",))
        output = [step for step in _steps_of(recording, told) if step.side == "output"]
        self._count_steps(output, told)
        self._count_answers_of_clients(recording, told)
        run = Open(
            exchange.started_at,
            told.model,
            told.agent,
            mode,
            told.status or ("in_progress" if told.interaction_id else UNSEEN),
            len(output),
        )
        if told.is_streaming:
            self._count_stream(exchange, told, output, seen)
        if told.is_terminal or told.interaction_id is None:
            if not told.is_terminal and told.error_code:
                run.status = "failed"  # there is no interaction, and nothing to ask for later
            self._end(recording, told, run, seen)
        else:
            self.open.begin(told.id_hash, run)

    def _count_stream(
        self, exchange: ExchangeFact, told: ObservationFact, output: list[StepFact], seen: Seen
    ) -> None:
        model = self._model(told, told.model, told.agent)
        if exchange.first_event_ns is not None:
            self._first_events.observe((model,), exchange.first_event_ns / 1e9, seen)
            names = _classic(told, model)
            self._classic_first.observe(names, exchange.first_event_ns / 1e9)
        if exchange.longest_gap_ns is not None:
            self._gaps.observe((model,), exchange.longest_gap_ns / 1e9)
        for step in output:
            if step.type == "model_output" and step.started_at is not None:
                waited_s = max(0, step.started_at - exchange.started_at) / 1e9
                self._first_outputs.observe((model,), waited_s, seen)
                break
        tokens = (told.output_tokens or 0) + (told.thought_tokens or 0)
        if told.is_terminal and tokens and exchange.duration_ns > 0:
            self._rates.observe((model,), tokens * 1e9 / exchange.duration_ns)

    def _end(self, recording: Recording, told: ObservationFact, run: Open, seen: Seen) -> None:
        """An interaction is at its end, and this exchange shows it."""
        model = self._model(told, told.model or run.model, told.agent or run.agent)
        status = _status(told.status or run.status)
        self._ended.add((model, run.mode, status))
        lasted_s = max(0, told.at - run.began_at) / 1e9
        self._durations.observe((model, run.mode), lasted_s, seen)
        self._count_tokens(told, model)
        self._count_cost(recording, told, model)
        for line in recording.usage:
            if line.kind == "grounding" and line.interaction == told.interaction:
                self._grounding.add((_tool(line.modality),), max(0, line.tokens))
        names = _classic(told, model)
        error = error_label(told.error_code) if told.error_code else ""
        self._classic_durations.observe((*names, error), lasted_s)

    def _end_unseen(self, run: Open) -> None:
        model = self._models.label(run.model or run.agent, may_enter=False)
        self._ended.add((model, run.mode, UNSEEN))

    def _count_tokens(self, told: ObservationFact, model: str) -> None:
        counts = (
            ("input", told.input_tokens),
            ("cached_input", told.cached_tokens),
            ("output", told.output_tokens),
            ("thought", told.thought_tokens),
            ("tool_use", told.tool_use_tokens),
        )
        for kind, count in counts:
            if count is not None and count >= 0:
                self._tokens.add((model, kind), count)
        names = _classic(told, model)
        if told.input_tokens is not None:
            self._classic_tokens.observe((*names, "input"), max(0, told.input_tokens))
        if told.output_tokens is not None:
            spent = max(0, told.output_tokens + (told.thought_tokens or 0))
            self._classic_tokens.observe((*names, "output"), spent)

    def _count_cost(self, recording: Recording, told: ObservationFact, model: str) -> None:
        is_unpriced = False
        for line in recording.costs:
            if line.interaction == told.interaction:
                if line.amount_pico_usd is None:
                    is_unpriced = True
                elif line.amount_pico_usd > 0:
                    self._cost.add((model, _item(line.item)), line.amount_pico_usd)
        if is_unpriced:
            self._unpriced.add((model,))

    def _fresh_steps(
        self, recording: Recording, told: ObservationFact, run: Open
    ) -> list[StepFact]:
        """Output steps that no earlier exchange showed."""
        output = [step for step in _steps_of(recording, told) if step.side == "output"]
        if told.how == "resumed":
            return [step for step in output if step.started_at is not None]
        return output[run.steps_seen :] if told.is_terminal else []

    def _count_steps(self, steps: Iterable[StepFact], told: ObservationFact) -> None:
        for step in steps:
            kind = _type(step.type)
            outcome = _step_outcome(step, told)
            self._steps.add((kind, outcome))
            if step.duration_ns is not None:
                self._step_durations.observe((kind,), step.duration_ns / 1e9)
            if step.type in CALL_TYPES:
                side = "client" if step.type == "function_call" else "provider"
                self._calls.add((step.type.removesuffix("_call"), side))
            elif step.type in RESULT_TYPES:
                tool = step.type.removesuffix("_result")
                self._results.add((tool, "provider", outcome))

    def _count_answers_of_clients(self, recording: Recording, told: ObservationFact) -> None:
        """Results that this turn brought; those before the model's last step came in earlier turns."""
        for step in reversed(_steps_of(recording, told)):
            if step.side != "input":
                continue
            if step.type in _ANSWERS:
                return
            if step.type in RESULT_TYPES:
                outcome = "error" if step.is_error else "ok"
                self._results.add((step.type.removesuffix("_result"), "client", outcome))

    def _model(self, told: ObservationFact, model: str | None, agent: str | None) -> str:
        has_answered = told.interaction_id is not None or (told.is_terminal and not told.error_code)
        return self._models.label(model or agent, may_enter=has_answered)


def _steps_of(recording: Recording, told: ObservationFact) -> list[StepFact]:
    return [step for step in recording.steps if step.interaction == told.interaction]


def _mode(told: ObservationFact) -> str:
    if told.is_background:
        return "background"
    return "stream" if told.is_streaming else "unary"


def _step_outcome(step: StepFact, told: ObservationFact) -> str:
    if step.is_error or step.error_code:
        return "error"
    return "cut" if told.is_streaming and step.ended_at is None else "ok"


def _classic(told: ObservationFact, model: str) -> tuple[str, str, str]:
    operation = "invoke_agent" if told.agent else "generate_content"
    return (operation, PROVIDER, model)
