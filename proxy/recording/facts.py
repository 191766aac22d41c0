"""Facts: what may stand in clear. Each class is one row of the DuckDB table named in its docstring.

No content, no credential, no free text from outside: names come from closed sets, or pass
`clear_name` (letters, digits and `_.:/-`, at most 80 characters, not like a credential; anything
else becomes "(odd)").
Times are nanoseconds of the wall clock; durations (`_ns` measured on the monotonic clock) say so.
`interaction` is Google's id where there is one, else "exchange:<exchange id>" (store=false).
`*_hash` is the first 8 bytes, big-endian unsigned, of SHA-256 of the id.
"""

from __future__ import annotations

from proxy.values import plain_value


@plain_value(frozen=True, slots=True)
class ExchangeFact:
    """Table exchanges: one row per HTTP exchange."""

    exchange: str
    worker: int
    boot: str
    """16 hexadecimal digits."""
    sequence: int
    started_at: int
    ended_at: int
    outcome: str
    """Outcome.name in lower case."""
    detail: str
    method: str
    operation: str
    """Closed set: create, get, resume, cancel, delete (of interactions); else e.g. generate_content,
    models, files, upload, live, other."""
    api_version: str | None
    route: str
    """The path with ids and unknown parts replaced: /{v}/interactions/{id}."""
    status: int | None
    """HTTP status; None: no response."""
    is_own_answer: bool
    is_streaming: bool
    """The response is an event stream."""
    client: str | None
    """Fingerprint of the credential, 16 hexadecimal digits."""
    credential_kind: str | None
    """api_key, bearer, query_key, other."""
    sdk: str | None
    """google-genai-sdk/3.4.0, when the user agent says so."""
    language: str | None
    """gl-python/3.11.7, gl-node/v22..., when said."""
    interaction: str | None
    request_type: str | None
    """Media type of the request, without parameters."""
    response_type: str | None
    content_encoding: str | None
    request_bytes: int
    response_bytes: int
    chunk_count: int
    event_count: int
    response_head_ns: int | None
    """Monotonic, from the intent to the response head."""
    first_event_ns: int | None
    """Monotonic, from the intent to the first whole event."""
    longest_gap_ns: int | None
    """Monotonic, longest silence between two chunks of a stream."""
    duration_ns: int
    error_code: str | None
    """Google's error code or status text, when the body was an error."""
    problem_count: int
    # Since version 3.
    api_revision: str | None = None
    """Api-Revision that the caller asked for."""
    retry_after_s: int | None = None
    """Retry-After of the answer, whole seconds."""
    resumed_after: str | None = None
    """last_event_id: the event behind which the caller wanted to go on."""
    request_mac: str | None = None
    """Of a create: an equality.Equality of the body, so that repeats are seen."""
    trace_id: str | None = None
    """32 hexadecimal digits, of the caller's traceparent."""
    parent_span_id: str | None = None
    """16 hexadecimal digits, of the same."""
    is_sampled: bool | None = None
    """The caller's trace is recorded."""
    purpose: str = "client"
    """Who asked: client, steward (finishing what clients left), verify (is it gone?)."""
    date_at: int | None = None
    """Upstream's own clock: the answer's Date."""


@plain_value(frozen=True, slots=True)
class ObservationFact:
    """Table observations: what one exchange told about one interaction.

    Append-only; the view `interactions` shows the best of each.
    """

    exchange: str
    at: int
    """When the state described was seen: end of the response, or the last event read."""
    interaction: str
    interaction_id: str | None
    id_hash: int
    root_hash: int
    """Of the conversation's first turn, by decoding the id; the interaction's own hash if unknown."""
    how: str
    """created, read, resumed, cancelled, deleted."""
    status: str | None
    """Google's status as sent (clear_name); `deleted` is not one of Google's, see `how`."""
    is_terminal: bool
    is_complete: bool
    """The observation saw the answer whole: a JSON body, or a stream with its last event."""
    model: str | None
    agent: str | None
    previous_interaction_id: str | None
    previous_hash: int | None
    store: str | None
    """Of a create: true, false, inherited (not said). None otherwise."""
    is_background: bool | None
    is_streaming: bool
    service_tier_asked: str | None
    service_tier: str | None
    created: str | None
    """Google's text, as sent."""
    updated: str | None
    environment_id: str | None
    has_continuation_token: bool
    input_step_count: int
    output_step_count: int
    function_call_count: int
    input_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    thought_tokens: int | None
    tool_use_tokens: int | None
    total_tokens: int | None
    error_code: str | None
    """First code of `errors`, of an error event, or of the HTTP error of a create."""
    # Since version 2. Settings are those of the create, or those that a read repeats.
    agent_config_type: str | None = None
    tool_types: str | None = None
    """Types of the tools offered, each once, by the alphabet: function,google_search."""
    tool_choice: str | None = None
    """auto, any, none, validated; allowed_tools where a list of them was given."""
    response_formats: str | None = None
    """As tool_types; of a bare JSON Schema its own type (object), or untyped."""
    thinking_level: str | None = None
    max_output_tokens: int | None = None
    is_continuation: bool | None = None
    """The create brought a continuation token: it goes on with another hop's decode."""
    initial_input_tokens: int | None = None
    """Of a continued decode: what its first hop took in."""
    about_index: int | None = None
    """Place in Recording.contents of what no column tells: instructions, labels, texts of errors. None: no more."""
    # Since version 3.
    answer_mac: str | None = None
    """equality.Equality of the output as stored: what a stream told and what a GET shows are compared by it."""
    label_index: str | None = None
    """Blind index of the caller's labels: equality.Equality of each `key=value`, by the alphabet, with commas."""
    # Since version 4.
    settings_sent: str | None = None
    """Of a create: the fields sent that the next turn does not inherit, by the alphabet: labels,tools."""


@plain_value(frozen=True, slots=True)
class StepFact:
    """Table steps: one step as one exchange showed it."""

    exchange: str
    interaction: str
    id_hash: int
    at: int
    side: str
    """input (what the caller sent, and what a GET timeline shows of it) or output."""
    step_index: int
    """From 0 within (exchange, side)."""
    type: str
    is_known: bool
    name: str | None
    """Function or tool name."""
    server_name: str | None
    call_id: str | None
    """`id` of a call, `call_id` of a result; of results among the contents of a user_input all, with commas."""
    is_error: bool | None
    has_signature: bool
    content_count: int
    text_bytes: int
    media_count: int
    delta_count: int
    started_at: int | None
    """Streams: when the chunk with step.start arrived."""
    ended_at: int | None
    duration_ns: int | None
    """Streams: monotonic, step.start to step.stop."""
    step_tokens: int | None
    content_index: int
    """Place of the redacted step in Recording.contents."""
    content_bytes: int
    # Since version 2.
    error_code: str | None = None
    """Code of a model_output's error."""
    annotation_count: int = 0
    """Citations and other notes on its texts."""
    item_count: int | None = None
    """Entries of a result's list: pages, places, declarations, contents."""
    variant: str | None = None
    """search_type of a google_search_call, retrieval_type of a retrieval_call, a code_execution_call's language."""
    # Since version 3.
    chain_mac: str | None = None
    """equality.Equality of this step and all before it: a later turn that repeats the conversation has the same.
    In a repeated history a second one follows, under the key of the day before: `mac,mac`."""
    step_mac: str | None = None
    """Since version 4. The same of this step alone, if a model said it, and enough to tell it by."""
    stream_index: int | None = None
    """Since version 5. What the events of a stream call the step: a resumed one seldom begins with 0."""


@plain_value(frozen=True, slots=True)
class UsageFact:
    """Table usage: one line of a usage object (totals stand in observations)."""

    exchange: str
    interaction: str
    id_hash: int
    at: int
    kind: str
    """input, output, cached, tool_use, grounding."""
    modality: str
    """text, image, audio, video, document; for grounding the tool's type."""
    tokens: int
    """Tokens; for grounding a count of uses."""


@plain_value(frozen=True, slots=True)
class EventFact:
    """Table events: one server-sent event."""

    exchange: str
    interaction: str | None
    event_index: int
    at: int
    since_start_ns: int
    """Monotonic, from the intent."""
    event_type: str
    is_known: bool
    event_id: str | None
    step_index: int | None
    delta_type: str | None
    body_offset: int
    """Of its first byte in the decoded body."""
    data_bytes: int


@plain_value(frozen=True, slots=True)
class MediaFact:
    """Table media: a media object of a step: taken out of it, or named by a URI."""

    exchange: str
    interaction: str
    id_hash: int
    side: str
    step_index: int
    media_index: int
    """Place in Recording.media, which several rows may share; -1: it came by URI, there is no object."""
    type: str
    """image, audio, video, document."""
    mime_type: str | None
    media_bytes: int
    """Decoded size; 0 for what came by URI."""
    # Since version 3.
    media_mac: str | None = None
    """equality.Equality of the bytes (of what came by URI: of the URI): the same picture twice is seen."""
    source: str = "inline"
    """inline, file (of the Files API), uri."""
    width: int | None = None
    """Pixels."""
    height: int | None = None
    duration_ms: int | None = None
    """Of sound and film, where their heads say it."""


@plain_value(frozen=True, slots=True)
class CostFact:
    """Table costs: one line of what an interaction cost, by one price book."""

    exchange: str
    interaction: str
    id_hash: int
    at: int
    book: str
    """Version of the price book: its date, 2026-11-01."""
    item: str
    """What is paid for: input, cached, output, thought, tool_use, grounding, ..."""
    modality: str
    tier: str
    """standard, flex, priority, batch."""
    quantity: int
    unit: str
    """token, query, image, second, ..."""
    price_pico_usd: int | None
    """Of one unit, 10^-12 USD. None: this book has no price."""
    amount_pico_usd: int | None
    """quantity times price. None: unpriced, which is not zero."""
    reason: str
    """Why there is no price, one sentence of ours; empty: there is one."""


@plain_value(frozen=True, slots=True)
class ProblemFact:
    """Table problems: something odd that did not stop the recording."""

    exchange: str
    at: int
    kind: str
    where: str
    """JSON pointer, byte range, or part of the exchange."""
    detail: str
    """One sentence of ours; no foreign bytes."""


@plain_value(frozen=True, slots=True)
class UnknownFact:
    """Table unknowns: something of Google's that this release has no name for. Kept raw, counted."""

    exchange: str
    at: int
    kind: str
    """field, value (a word out of a set of Google's), step, delta, event, content, annotation, status,
    operation, or what an object is whose `type` is not known: tool, response_format, agent_config,
    transcription mode, audio processing, ..."""
    name: str
    where: str
    count: int


@plain_value(frozen=True, slots=True)
class GapFact:
    """Table gaps: exchanges that passed without being recorded, or only in part."""

    at: int
    """When the gap became known."""
    worker: int
    boot: str
    exchange_count: int
    body_bytes: int
    first_at: int
    last_at: int
    reason: str
    """One sentence of ours."""


@plain_value(frozen=True, slots=True)
class ActFact:
    """Table acts: something that was decided or happened to the recording itself."""

    at: int
    kind: str
    """Closed set: mode (strict or available began), recovery (a dead worker's open exchanges were closed), damage
    (bytes nobody can read), erased (keys destroyed); and what others tell, acts.TOLD_KINDS: webhook, hold, ..."""
    worker: int | None
    """None: about the recorder or the vault, not about one worker."""
    boot: str | None
    """16 hexadecimal digits."""
    detail: str
    """One sentence of ours; no foreign bytes."""
    # Since version 3.
    act: str | None = None
    """Its own id, 32 hexadecimal digits, of an act that others refer to."""
    interaction: str | None = None
    actor: str | None = None
    """Who decided: a person's name as the caller gave it (clear_name), steward, policy, recorder."""
    data: str | None = None
    """JSON of ours: what the kind says it holds. No content, no credential."""


@plain_value(frozen=True, slots=True)
class MediaObject:
    """Decoded media bytes on their way into a sealed record of their own."""

    mime_type: str | None
    data: bytes


@plain_value(frozen=True, slots=True)
class Recording:
    """All that one exchange turned out to mean."""

    exchange: ExchangeFact
    observations: tuple[ObservationFact, ...] = ()
    steps: tuple[StepFact, ...] = ()
    usage: tuple[UsageFact, ...] = ()
    events: tuple[EventFact, ...] = ()
    media_facts: tuple[MediaFact, ...] = ()
    problems: tuple[ProblemFact, ...] = ()
    unknowns: tuple[UnknownFact, ...] = ()
    costs: tuple[CostFact, ...] = ()
    contents: tuple[bytes, ...] = ()
    """Redacted JSON of each step, media replaced by {"$media": index}, and of what was said about each
    interaction beside its steps. Sealed, never in clear."""
    media: tuple[MediaObject, ...] = ()
    """Sealed, never in clear."""
