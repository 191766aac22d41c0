-- Migration 1: the tables of facts, one per dataclass in proxy/recording/facts.py (a test compares).
--
-- Column = field, but for two words that SQL keeps for itself: `at` is seen_at, `where` is place.
-- Instants are TIMESTAMP in UTC with microseconds; durations are BIGINT nanoseconds ending in _ns.
-- `*_ref` columns name sealed records of the vault: content(ref) opens them.
--
-- No PRIMARY KEY, UNIQUE or INDEX: on 1.5.5 and 1.5.6 answers through an index were silently wrong
-- after a writer was killed. Rows come in time order, so the ranges DuckDB keeps per row group find
-- a time span, and the 64-bit hashes find one interaction or conversation.

CREATE TABLE vault_position (
    file VARCHAR,
    byte_offset BIGINT
);
INSERT INTO vault_position VALUES ('', 0);
COMMENT ON TABLE vault_position IS
    'One row: how far into the vault these tables reach. Moves in the transaction of the rows.';

CREATE TABLE exchanges (
    exchange VARCHAR,
    worker BIGINT,
    boot VARCHAR,
    sequence BIGINT,
    started_at TIMESTAMP,
    ended_at TIMESTAMP,
    outcome VARCHAR,
    detail VARCHAR,
    method VARCHAR,
    operation VARCHAR,
    api_version VARCHAR,
    route VARCHAR,
    status BIGINT,
    is_own_answer BOOLEAN,
    is_streaming BOOLEAN,
    client VARCHAR,
    credential_kind VARCHAR,
    sdk VARCHAR,
    language VARCHAR,
    interaction VARCHAR,
    request_type VARCHAR,
    response_type VARCHAR,
    content_encoding VARCHAR,
    request_bytes BIGINT,
    response_bytes BIGINT,
    chunk_count BIGINT,
    event_count BIGINT,
    response_head_ns BIGINT,
    first_event_ns BIGINT,
    longest_gap_ns BIGINT,
    duration_ns BIGINT,
    error_code VARCHAR,
    problem_count BIGINT,
    raw_ref VARCHAR
);
COMMENT ON TABLE exchanges IS
    'One HTTP exchange as the proxy carried it, whatever it was about.';

CREATE TABLE observations (
    exchange VARCHAR,
    seen_at TIMESTAMP,
    interaction VARCHAR,
    interaction_id VARCHAR,
    id_hash UBIGINT,
    root_hash UBIGINT,
    how VARCHAR,
    status VARCHAR,
    is_terminal BOOLEAN,
    is_complete BOOLEAN,
    model VARCHAR,
    agent VARCHAR,
    previous_interaction_id VARCHAR,
    previous_hash UBIGINT,
    store VARCHAR,
    is_background BOOLEAN,
    is_streaming BOOLEAN,
    service_tier_asked VARCHAR,
    service_tier VARCHAR,
    created VARCHAR,
    updated VARCHAR,
    environment_id VARCHAR,
    has_continuation_token BOOLEAN,
    input_step_count BIGINT,
    output_step_count BIGINT,
    function_call_count BIGINT,
    input_tokens BIGINT,
    cached_tokens BIGINT,
    output_tokens BIGINT,
    thought_tokens BIGINT,
    tool_use_tokens BIGINT,
    total_tokens BIGINT,
    error_code VARCHAR
);
COMMENT ON TABLE observations IS
    'What one exchange told about one interaction. Polls add rows; the view interactions shows the best.';

CREATE TABLE steps (
    exchange VARCHAR,
    interaction VARCHAR,
    id_hash UBIGINT,
    seen_at TIMESTAMP,
    side VARCHAR,
    step_index BIGINT,
    type VARCHAR,
    is_known BOOLEAN,
    name VARCHAR,
    server_name VARCHAR,
    call_id VARCHAR,
    is_error BOOLEAN,
    has_signature BOOLEAN,
    content_count BIGINT,
    text_bytes BIGINT,
    media_count BIGINT,
    delta_count BIGINT,
    started_at TIMESTAMP,
    ended_at TIMESTAMP,
    duration_ns BIGINT,
    step_tokens BIGINT,
    content_index BIGINT,
    content_bytes BIGINT,
    content_ref VARCHAR
);
COMMENT ON TABLE steps IS
    'One step as one exchange showed it. Polls add rows; the view timeline shows each once.';

CREATE TABLE usage (
    exchange VARCHAR,
    interaction VARCHAR,
    id_hash UBIGINT,
    seen_at TIMESTAMP,
    kind VARCHAR,
    modality VARCHAR,
    tokens BIGINT
);
COMMENT ON TABLE usage IS
    'One line of a usage object: tokens by kind and modality. The view usage_lines shows each once.';

CREATE TABLE events (
    exchange VARCHAR,
    interaction VARCHAR,
    event_index BIGINT,
    seen_at TIMESTAMP,
    since_start_ns BIGINT,
    event_type VARCHAR,
    is_known BOOLEAN,
    event_id VARCHAR,
    step_index BIGINT,
    delta_type VARCHAR,
    body_offset BIGINT,
    data_bytes BIGINT
);
COMMENT ON TABLE events IS
    'One server-sent event of a stream, without its data.';

CREATE TABLE media (
    exchange VARCHAR,
    interaction VARCHAR,
    id_hash UBIGINT,
    side VARCHAR,
    step_index BIGINT,
    media_index BIGINT,
    type VARCHAR,
    mime_type VARCHAR,
    media_bytes BIGINT,
    content_ref VARCHAR
);
COMMENT ON TABLE media IS
    'A media object that a step carried.';

CREATE TABLE problems (
    exchange VARCHAR,
    seen_at TIMESTAMP,
    kind VARCHAR,
    place VARCHAR,
    detail VARCHAR
);
COMMENT ON TABLE problems IS
    'Something odd in an exchange that did not stop the recording.';

CREATE TABLE unknowns (
    exchange VARCHAR,
    seen_at TIMESTAMP,
    kind VARCHAR,
    name VARCHAR,
    place VARCHAR,
    count BIGINT
);
COMMENT ON TABLE unknowns IS
    'Something in Google''s answers that this release has no name for. Kept raw, counted here.';

CREATE TABLE gaps (
    seen_at TIMESTAMP,
    worker BIGINT,
    boot VARCHAR,
    exchange_count BIGINT,
    body_bytes BIGINT,
    first_at TIMESTAMP,
    last_at TIMESTAMP,
    reason VARCHAR
);
COMMENT ON TABLE gaps IS
    'Exchanges that passed without being recorded, or only in part.';

CREATE TABLE acts (
    seen_at TIMESTAMP,
    kind VARCHAR,
    worker BIGINT,
    boot VARCHAR,
    detail VARCHAR
);
COMMENT ON TABLE acts IS
    'Something that was decided or happened to the recording itself.';
