-- What auditors ask: the schema `audit`, a promise of names and meanings.
--
-- The views beside (main) follow the needs of the program; these here stay. Within a version columns
-- are only added; the number in audit.version says which it is. SQL.md is made from the comments: behind each
-- column stands what it says (as text, because 250 COMMENT ON COLUMN at every open take 0.2 s).

CREATE SCHEMA IF NOT EXISTS audit;

CREATE OR REPLACE VIEW audit.version AS
SELECT
    1 AS version -- Grows by one with each set of additions.
;
COMMENT ON VIEW audit.version IS
    'One row: the version of this schema. A higher one has all columns of a lower one.';

CREATE OR REPLACE VIEW audit.interactions AS
SELECT
    told.interaction, -- Google's id; exchange:<id> where Google keeps none (store=false).
    told.created_at, -- When its create began (UTC); for one that was only read, what Google says, or when it was first seen.
    told.ended_at, -- When a state that ends it was first seen.
    told.status, -- Google's word: completed, failed, in_progress, requires_action, cancelled, ...
    told.is_terminal, -- It has ended.
    told.model, -- The model that answered.
    told.agent, -- The agent that answered.
    told.client, -- Fingerprint of the credential that created it.
    told.sdk, -- SDK of the creator, as its user agent says.
    told.store, -- What the create said of storing at Google: true, false, inherited (nothing said).
    told.is_background, -- Created to run in the background.
    told.is_streaming, -- Created to answer as a stream.
    told.service_tier, -- Tier that served it.
    told.service_tier_asked, -- Tier that was asked for.
    told.input_tokens, -- Tokens in.
    told.cached_tokens, -- Of these from a cache.
    told.output_tokens, -- Tokens out.
    told.thought_tokens, -- Tokens of thoughts.
    told.tool_use_tokens, -- Tokens of tools.
    told.total_tokens, -- All tokens, as Google counts them.
    told.input_step_count, -- Steps sent in.
    told.output_step_count, -- Steps that came out.
    told.function_call_count, -- Calls that the caller has to answer.
    told.tool_types, -- Types of the tools offered, by the alphabet.
    told.error_code, -- Code of the error it ended with.
    told.previous_interaction_id, -- The interaction it continues.
    told.root_hash AS conversation, -- Number of its conversation; the same in all of its turns.
    told.environment_id, -- Sandbox it ran in.
    told.exchange_count, -- Exchanges that told of it.
    told.read_count, -- Of these polls.
    told.deleted_at, -- When a delete at Google succeeded.
    told.create_duration_ns, -- How long its create took.
    told.first_event_ns, -- From the create to the first event.
    told.first_seen_at, -- First told of.
    told.last_seen_at, -- Last told of.
    told.create_exchange, -- The exchange that created it.
    told.about_ref, -- Where what was asked beside the steps lies sealed: content(about_ref).
    told.answer_ref -- The same for what was answered beside the steps.
FROM main.interactions AS told;
COMMENT ON VIEW audit.interactions IS
    'One row per interaction, the best of everything seen of it: who asked what model, how it ended, its tokens.';

CREATE OR REPLACE VIEW audit.conversations AS
SELECT
    told.root_hash AS conversation, -- Its number.
    told.first_interaction, -- Its first turn.
    told.last_interaction, -- Its last turn.
    told.last_status, -- Status of the last turn.
    told.turn_count, -- Turns.
    told.started_at, -- Creation of the first turn.
    told.last_at, -- Last end or sight.
    told.models, -- Models and agents that answered.
    told.input_tokens, -- Tokens in, of all turns.
    told.output_tokens, -- Tokens out.
    told.thought_tokens, -- Tokens of thoughts.
    told.total_tokens, -- All tokens.
    told.deleted_count -- Turns that were deleted at Google.
FROM main.conversations AS told;
COMMENT ON VIEW audit.conversations IS
    'One row per conversation: turns tied by the interaction each continues.';

CREATE OR REPLACE VIEW audit.steps AS
SELECT
    told.interaction, -- Whose step.
    told.place, -- From 1, through both sides.
    told.side, -- input or output.
    told.step_index, -- Place in the exchange that showed it.
    told.type, -- user_input, thought, function_call, model_output, google_search_call, ...
    told.is_known, -- This release knows the type.
    told.name, -- Function or tool.
    told.server_name, -- MCP server.
    told.call_id, -- What ties a call to its result.
    told.is_error, -- A result that says it failed.
    told.error_code, -- Code of a step's error.
    told.variant, -- Kind of search or retrieval, language of code.
    told.started_at, -- Streams: when it began to arrive.
    told.ended_at, -- Streams: when it had arrived.
    told.duration_ns, -- Between these two.
    told.text_bytes, -- Size of its texts.
    told.media_count, -- Media it carries.
    told.annotation_count, -- Citations and other notes.
    told.item_count, -- Entries of a result's list.
    told.step_tokens, -- Tokens of the step, where Google counts them.
    told.content_bytes, -- Size of the sealed step.
    told.content_ref, -- Where it lies sealed: content(content_ref).
    told.exchange -- The exchange that showed it.
FROM main.timeline AS told;
COMMENT ON VIEW audit.steps IS
    'One row per step of an interaction, each once, in order: what was sent in, then what came out.';

CREATE OR REPLACE VIEW audit.exchanges AS
SELECT
    told.exchange, -- Its name: worker, boot, sequence.
    told.started_at, -- When its request head was read (UTC).
    told.ended_at, -- When it was over.
    told.outcome, -- complete, or how it was cut short.
    told.detail, -- One sentence where there is something to say.
    told.method, -- HTTP method.
    told.operation, -- create, get, resume, cancel, delete; else what other API it was.
    told.route, -- The path with ids replaced.
    told.api_version, -- v1, v1beta, ...
    told.status, -- HTTP status; none where no response came.
    told.is_own_answer, -- The proxy answered by itself.
    told.is_streaming, -- The response was an event stream.
    told.client, -- Fingerprint of the credential.
    told.credential_kind, -- api_key, bearer, query_key, other.
    told.sdk, -- SDK, as the user agent says.
    told.language, -- Language, as it says.
    told.interaction, -- What it was about.
    told.request_bytes, -- Body of the request.
    told.response_bytes, -- Body of the response.
    told.event_count, -- Events of a stream.
    told.response_head_ns, -- From the request to the response head.
    told.first_event_ns, -- From the request to the first whole event.
    told.longest_gap_ns, -- Longest silence in a stream.
    told.duration_ns, -- From beginning to end.
    told.error_code, -- Google's code, where the answer was an error.
    told.problem_count, -- Oddities, see audit.problems.
    told.purpose, -- Who asked: client, steward, verify.
    told.api_revision, -- Api-Revision that the caller asked for.
    told.retry_after_s, -- What the answer asked to wait.
    told.trace_id, -- The caller's trace.
    told.raw_ref -- Its sealed record.
FROM main.exchanges AS told;
COMMENT ON VIEW audit.exchanges IS
    'One row per HTTP exchange as the proxy carried it, whatever it was about.';

CREATE OR REPLACE VIEW audit.events AS
SELECT
    told.exchange, -- The stream.
    told.interaction, -- Whose.
    told.event_index, -- From 0.
    told.seen_at, -- When it was whole.
    told.since_start_ns, -- From the request.
    told.event_type, -- step.start, step.delta, ...
    told.is_known, -- This release knows the type.
    told.step_index, -- The step it is about.
    told.delta_type, -- Of a delta.
    told.data_bytes -- Size of its data.
FROM main.events AS told;
COMMENT ON VIEW audit.events IS
    'One row per server-sent event, without its data.';

CREATE OR REPLACE VIEW audit.media AS
SELECT
    told.interaction, -- Whose.
    told.exchange, -- The exchange that showed it.
    told.side, -- input or output.
    told.step_index, -- The step.
    told.media_index, -- Its place in the exchange.
    told.type, -- image, audio, video, document.
    told.mime_type, -- As named.
    told.media_bytes, -- Decoded size; 0 for what came by URI.
    told.source, -- inline, file, uri.
    told.width, -- Pixels.
    told.height, -- Pixels.
    told.duration_ms, -- Of sound and film.
    told.media_mac, -- Equal for equal bytes within one day (UTC); says nothing else.
    told.content_ref -- Where it lies sealed.
FROM main.media AS told;
COMMENT ON VIEW audit.media IS
    'One row per media object that a step carried.';

CREATE OR REPLACE VIEW audit.usage AS
SELECT
    told.interaction, -- Whose.
    told.kind, -- input, output, cached, tool_use, grounding.
    told.modality, -- text, image, audio, video, document; the tool's type for grounding.
    told.tokens, -- Tokens; uses for grounding.
    told.seen_at, -- When it was told.
    told.exchange -- The exchange that told it.
FROM main.usage_lines AS told;
COMMENT ON VIEW audit.usage IS
    'One row per interaction, kind and modality: tokens as Google counted them.';

CREATE OR REPLACE VIEW audit.tools AS
SELECT
    told.interaction, -- Where it was called.
    told.conversation, -- Number of the conversation.
    told.place, -- Place of the call among the steps.
    told.tool, -- function, google_search, code_execution, ...
    told.name, -- Function or tool.
    told.server_name, -- MCP server.
    told.variant, -- Kind of search or retrieval, language of code.
    told.call_id, -- What ties the call to its result.
    told.ran_at, -- client: the caller has to run it; server: Google did.
    told.called_at, -- When the call was told.
    told.result_interaction, -- The interaction with the result: the same, or a later turn.
    told.answered_at, -- When the result was told.
    told.duration_ns, -- From call to result, where both times are known.
    told.is_error, -- The result says that it failed.
    told.answer_count -- Results that were seen.
FROM main.tool_calls AS told;
COMMENT ON VIEW audit.tools IS
    'One row per call of a tool or function, by the caller or at Google, with what answered it, in whichever turn.';

CREATE OR REPLACE VIEW audit.tool_findings AS
SELECT
    told.kind, -- never_answered, answered_twice, unknown_call, id_reused.
    told.interaction, -- Where.
    told.conversation, -- Number of the conversation.
    told.call_id, -- The call.
    told.name, -- Function.
    told.seen_at -- When.
FROM main.tool_findings AS told;
COMMENT ON VIEW audit.tool_findings IS
    'Calls by the caller that went wrong: never answered, answered twice, answered without a call, ids used again.';

CREATE OR REPLACE VIEW audit.cost AS
SELECT
    told.interaction, -- Whose.
    told.created_at, -- When it was created.
    told.status, -- Google's word.
    told.model, -- The model.
    told.agent, -- The agent.
    told.client, -- Fingerprint of the credential.
    told.book, -- Date of the price book.
    told.is_complete, -- Every line had a price: the amount is all of it.
    told.amount_usd, -- US dollars, of the lines with a price.
    told.amount_pico_usd, -- The same in 10^-12 US dollars, exact.
    told.line_count, -- Lines.
    told.unpriced_count, -- Of these without a price; not zero, unknown.
    told.reasons -- Why there is none.
FROM main.costs_by_interaction AS told;
COMMENT ON VIEW audit.cost IS
    'One row per interaction: what it cost by the newest price book, and whether that is all of it.';

CREATE OR REPLACE VIEW audit.cost_lines AS
SELECT
    told.interaction, -- Whose.
    told.book, -- Date of the price book.
    told.item, -- input, cached, output, thought, tool_use, grounding, ...
    told.modality, -- text, image, audio, ...
    told.tier, -- standard, flex, priority, batch.
    told.quantity, -- How many.
    told.unit, -- token, query, ...
    told.price_pico_usd, -- Of one, in 10^-12 US dollars; none: this book has no price.
    told.amount_pico_usd, -- Quantity times price.
    told.reason, -- Why there is no price.
    told.seen_at, -- When it was told.
    told.exchange -- The exchange that told it.
FROM main.cost_lines AS told;
COMMENT ON VIEW audit.cost_lines IS
    'One row per line of cost: item, modality, tier, quantity, price.';

CREATE OR REPLACE VIEW audit.unfinished AS
SELECT
    told.interaction, -- Its id.
    told.status, -- Last state told.
    told.is_background, -- Created to run in the background.
    told.client, -- Fingerprint of the credential.
    told.why, -- Why its end is missing.
    told.attempts, -- How often the steward asked.
    told.not_found_count, -- How often upstream did not know it.
    told.attempted_at, -- When it was asked last.
    told.last_answer, -- What was answered.
    told.first_at, -- First told of.
    told.last_at, -- Last told of.
    told.notified_at, -- When a verified webhook told its end.
    told.deleted_at, -- When it was deleted at Google.
    told.given_up -- Why the steward asks no more.
FROM main.unfinished AS told;
COMMENT ON VIEW audit.unfinished IS
    'Interactions whose end nobody saw, why it is missing, and what was done about it.';

CREATE OR REPLACE VIEW audit.deliveries AS
SELECT
    told.interaction, -- Whose.
    told.exchange, -- The exchange.
    told.started_at, -- When.
    told.operation, -- create, get, resume.
    told.client, -- Fingerprint of the credential.
    told.sdk, -- SDK.
    told.purpose, -- client, steward, verify.
    told.outcome, -- complete, or how it was cut short.
    told.resumed_after, -- The event behind which the caller wanted to go on.
    told.event_count, -- Events it brought.
    told.first_place, -- Place of the first in the log, from 1.
    told.last_place, -- Of the last.
    told.has_end -- It brought the end.
FROM main.deliveries AS told;
COMMENT ON VIEW audit.deliveries IS
    'Which part of an interaction''s one log of events each exchange brought, and to whom.';

CREATE OR REPLACE VIEW audit.retries AS
SELECT
    told.first_exchange, -- The first attempt.
    told.attempt, -- Which one, from 2.
    told.exchange, -- This attempt.
    told.retry_of, -- The one before.
    told.failed_status, -- HTTP status of that.
    told.failed_outcome, -- How that ended.
    told.started_at, -- When this began.
    told.status, -- HTTP status.
    told.outcome, -- How it ended.
    told.interaction, -- What it made.
    told.client, -- Fingerprint of the credential.
    told.sdk -- SDK.
FROM main.retries AS told;
COMMENT ON VIEW audit.retries IS
    'Creates that were sent again after a failure, each attempt from the second on.';

CREATE OR REPLACE VIEW audit.rate_limits AS
SELECT
    told.exchange, -- The exchange.
    told.seen_at, -- When.
    told.operation, -- What was refused.
    told.client, -- Fingerprint of the credential.
    told.sdk, -- SDK.
    told.model, -- Model.
    told.error_code, -- Google's code.
    told.retry_after_s, -- The wait asked for.
    told.retried_by, -- The exchange that came again.
    told.retried_after_s -- After how long.
FROM main.rate_limits AS told;
COMMENT ON VIEW audit.rate_limits IS
    'Answers 429: the wait they asked for, and after how long the caller came again.';

CREATE OR REPLACE VIEW audit.orphans AS
SELECT
    told.exchange, -- The create.
    told.started_at, -- When.
    told.suspect_until, -- Google forgets it then by itself, as far as known.
    told.reason, -- Why it is suspected.
    told.status, -- HTTP status.
    told.outcome, -- How it ended.
    told.client, -- Fingerprint of the credential.
    told.model, -- Model.
    told.agent, -- Agent.
    told.store, -- What it said of storing.
    told.retried_by -- The create that was sent after it.
FROM main.orphan_suspects AS told;
COMMENT ON VIEW audit.orphans IS
    'Creates that may have made an interaction whose id nobody received: nobody can delete it.';

CREATE OR REPLACE VIEW audit.divergences AS
SELECT
    told.interaction, -- Whose.
    told.told_by, -- The exchange that told it first.
    told.shown_by, -- The one that differs.
    told.seen_at, -- When.
    told.told_step_count, -- Steps first.
    told.shown_step_count, -- Steps then.
    told.step_index, -- The first that differs.
    told.what -- What differs.
FROM main.divergences AS told;
COMMENT ON VIEW audit.divergences IS
    'Answers that were shown otherwise than they were first told.';

CREATE OR REPLACE VIEW audit.carries AS
SELECT
    told.interaction, -- Whose content.
    told.exchange, -- The exchange that holds it.
    told.how -- created, read, resumed, cancelled, deleted: it is about the interaction; quoted: another's repeats it.
FROM main.carries AS told;
COMMENT ON VIEW audit.carries IS
    'Which exchanges hold content of an interaction: what an erasure has to reach.';

CREATE OR REPLACE VIEW audit.problems AS
SELECT
    told.exchange, -- Where.
    told.seen_at, -- When (UTC).
    told.kind, -- What sort.
    told.place, -- JSON pointer, byte range, or part of the exchange.
    told.detail -- One sentence.
FROM main.problems AS told;
COMMENT ON VIEW audit.problems IS
    'Oddities in exchanges that did not stop the recording.';

CREATE OR REPLACE VIEW audit.unknowns AS
SELECT
    told.exchange, -- Where.
    told.seen_at, -- When (UTC).
    told.kind, -- field, value, step, delta, event, content, status, ...
    told.name, -- Its name, where it may stand in clear.
    told.place, -- Where in the body.
    told.count -- How often in this exchange.
FROM main.unknowns AS told;
COMMENT ON VIEW audit.unknowns IS
    'Things in Google''s answers that this release has no name for: kept raw, counted here.';

CREATE OR REPLACE VIEW audit.gaps AS
SELECT
    told.seen_at, -- When the gap became known (UTC).
    told.worker, -- Gateway worker.
    told.boot, -- Its run.
    told.exchange_count, -- How many exchanges.
    told.body_bytes, -- How many bytes of bodies, where known.
    told.first_at, -- Of the first.
    told.last_at, -- Of the last.
    told.reason -- One sentence.
FROM main.gaps AS told;
COMMENT ON VIEW audit.gaps IS
    'Exchanges that passed unrecorded, or only in part. No row: nothing passed unrecorded.';

CREATE OR REPLACE VIEW audit.acts AS
SELECT
    told.seen_at, -- When (UTC).
    told.kind, -- mode, recovery, damage, access, query, ...
    told.act, -- Its own id, where others refer to it.
    told.actor, -- Who decided.
    told.interaction, -- What it is about.
    told.detail, -- One sentence.
    told.data, -- JSON with what the kind says.
    told.worker, -- Gateway worker, where it is about one.
    told.boot -- Its run.
FROM main.acts AS told;
COMMENT ON VIEW audit.acts IS
    'What was decided, or happened to the recording itself: modes, recoveries, damage, notices, access.';

CREATE OR REPLACE VIEW audit.access_log AS
SELECT
    seen_at, -- When (UTC).
    actor, -- Name of the token.
    kind, -- query: facts only; access: content was opened.
    json_extract_string(data, '$.role') AS role, -- Role of the token.
    json_extract_string(data, '$.query') AS query, -- Name of the shipped query; sql for an own statement; interaction for a page.
    interaction, -- Whose content, where it was one.
    json_extract_string(data, '$.reason') AS reason, -- What the reader gave as reason.
    TRY_CAST(json_extract_string(data, '$.row_count') AS BIGINT) AS row_count, -- Rows answered.
    TRY_CAST(json_extract_string(data, '$.content_count') AS BIGINT) AS content_count, -- Sealed texts opened.
    TRY_CAST(json_extract_string(data, '$.duration_ms') AS BIGINT) AS duration_ms, -- How long it took.
    json_extract_string(data, '$.outcome') AS outcome, -- answered, refused, failed.
    json_extract_string(data, '$.sql_sha256') AS sql_sha256, -- Digest of an own statement.
    detail, -- One sentence.
    act -- Its id.
FROM main.acts
WHERE kind IN ('access', 'query');
COMMENT ON VIEW audit.access_log IS
    'Who read what: every question to the admin listener, and every reading of content.';

CREATE OR REPLACE VIEW audit.lineage AS
SELECT
    interaction, -- The later one.
    previous_interaction_id AS from_interaction, -- The earlier one.
    'continues' AS how, -- continues: previous_interaction_id names it.
    created_at, -- Creation of the later one.
    root_hash AS conversation -- Number of the conversation.
FROM main.interactions
WHERE previous_interaction_id IS NOT NULL;
COMMENT ON VIEW audit.lineage IS
    'One row per tie between two interactions: which continues which.';

CREATE OR REPLACE VIEW audit.coverage AS
WITH carried AS (
    SELECT
        date_trunc('day', started_at)::DATE AS day,
        count(*) AS exchange_count,
        count(*) FILTER (WHERE outcome != 'complete') AS cut_count,
        count(*) FILTER (WHERE problem_count > 0) AS problem_count,
        count(*) FILTER (WHERE operation = 'create') AS create_count
    FROM main.exchanges
    GROUP BY ALL
),

lost AS (
    SELECT
        date_trunc('day', last_at)::DATE AS day,
        sum(exchange_count)::BIGINT AS gap_count
    FROM main.gaps
    GROUP BY ALL
)

SELECT
    day, -- Day (UTC) in which they began.
    coalesce(carried.exchange_count, 0) AS exchange_count, -- Exchanges recorded.
    coalesce(carried.create_count, 0) AS create_count, -- Of these creates of interactions.
    coalesce(carried.cut_count, 0) AS cut_count, -- Recorded, but cut short: a client or upstream left.
    coalesce(carried.problem_count, 0) AS problem_count, -- Recorded, with an oddity.
    coalesce(lost.gap_count, 0) AS gap_count -- Passed unrecorded.
FROM carried
FULL JOIN lost USING (day);
COMMENT ON VIEW audit.coverage IS
    'One row per day (UTC): how many exchanges there were, how many passed unrecorded, how many were cut short.';
