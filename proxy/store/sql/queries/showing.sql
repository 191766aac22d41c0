-- Statements that the program asks, each after its name. Parameters are bound by name.

-- name: interactions_like
-- Interactions whose name begins with $beginning, the latest first; an exact match alone.
-- $limit: how many at most.
SELECT
    interaction,
    max(seen_at) AS last_seen_at
FROM observations
WHERE starts_with(interaction, $beginning)
GROUP BY interaction
ORDER BY interaction = $beginning DESC, last_seen_at DESC
LIMIT $limit;

-- name: last_interaction
-- The interaction that was created last.
SELECT
    interaction,
    seen_at AS last_seen_at
FROM observations
WHERE how = 'created'
ORDER BY seen_at DESC
LIMIT 1;

-- name: interactions_of_exchange
-- What the exchange $exchange told about.
SELECT
    interaction,
    seen_at AS last_seen_at
FROM observations
WHERE exchange = $exchange
ORDER BY seen_at DESC;

-- name: interaction_settled
-- All that is known of one interaction of which nobody told since it was settled. The name `interaction` asks for any, and
-- takes several times as long to be understood.
SELECT COLUMNS(*)
FROM settled
WHERE id_hash = hash_of($interaction)
    AND interaction = $interaction
    AND id_hash NOT IN (SELECT touched.id_hash FROM touched);

-- name: interaction
-- All that is known of one interaction.
SELECT COLUMNS(*)
FROM interactions
WHERE id_hash = hash_of($interaction) AND interaction = $interaction;

-- name: place_of
-- The place of $interaction, first seen at $first_seen_at, in the conversation $root_hash. Creates that were refused are no
-- turns; the one asked for counts itself.
SELECT
    count(DISTINCT interaction) FILTER (WHERE seen_at <= $first_seen_at) AS turn,
    count(DISTINCT interaction) AS turn_count
FROM observations
WHERE root_hash = $root_hash::UBIGINT AND (status IS NOT NULL OR interaction = $interaction);

-- name: timeline_of
-- The steps of one interaction, in order.
SELECT
    place,
    side,
    type,
    name,
    server_name,
    call_id,
    is_error,
    started_at,
    duration_ns,
    text_bytes,
    media_count,
    step_tokens,
    error_code,
    annotation_count,
    item_count,
    variant,
    content_bytes,
    content_ref,
    step_index,
    exchange,
    is_partial
FROM timeline
WHERE id_hash = hash_of($interaction) AND interaction = $interaction
ORDER BY place;

-- name: timeline_told_once
-- The same of an interaction that one exchange alone told of, from its beginning, at that instant.
SELECT
    row_number() OVER (ORDER BY side, step_index) AS place,
    side,
    type,
    name,
    server_name,
    call_id,
    is_error,
    started_at,
    duration_ns,
    text_bytes,
    media_count,
    step_tokens,
    error_code,
    annotation_count,
    item_count,
    variant,
    content_bytes,
    content_ref,
    step_index,
    exchange,
    FALSE AS is_partial
FROM steps
WHERE seen_at = $seen_at::TIMESTAMP
    AND id_hash = hash_of($interaction)
    AND interaction = $interaction
    AND CASE WHEN side = 'input' THEN $has_input::BOOLEAN ELSE $has_output::BOOLEAN END
ORDER BY place;

-- name: media_of
-- Media objects of one interaction, by the step and exchange that showed them.
SELECT
    exchange,
    side,
    step_index,
    media_index,
    type,
    mime_type,
    media_bytes,
    content_ref,
    media_mac,
    source,
    width,
    height,
    duration_ms
FROM media
WHERE id_hash = hash_of($interaction) AND interaction = $interaction
ORDER BY exchange, side, step_index, rowid;

-- name: usage_of
-- Tokens of one interaction by kind and modality.
SELECT
    kind,
    modality,
    tokens
FROM usage_lines
WHERE id_hash = hash_of($interaction) AND interaction = $interaction
ORDER BY kind, tokens DESC;

-- name: exchanges_of
-- The exchanges that carried one interaction, in order.
SELECT
    exchanges.exchange,
    exchanges.started_at,
    exchanges.operation,
    exchanges.method,
    exchanges.status,
    exchanges.outcome,
    exchanges.detail,
    exchanges.duration_ns,
    exchanges.request_bytes,
    exchanges.response_bytes,
    exchanges.event_count,
    exchanges.is_streaming,
    exchanges.error_code,
    exchanges.problem_count,
    exchanges.raw_ref,
    exchanges.client,
    exchanges.resumed_after
FROM exchanges
INNER JOIN exchanges_telling(hash_of($interaction)) AS telling
    ON telling.number = exchanges.sequence AND telling.exchange = exchanges.exchange
WHERE telling.interaction = $interaction
ORDER BY exchanges.started_at, exchanges.exchange;

-- name: problems_of
-- What was odd in those exchanges.
SELECT
    problems.exchange,
    problems.kind,
    problems.place,
    problems.detail
FROM problems
WHERE problems.exchange IN (
    SELECT observations.exchange
    FROM observations
    WHERE observations.id_hash = hash_of($interaction) AND observations.interaction = $interaction
)
ORDER BY problems.seen_at;

-- name: relations
-- Tables and views with what they are for, views first. Those that serve other views only are left out.
SELECT
    view_name AS name,
    'view' AS kind,
    comment
FROM duckdb_views()
WHERE database_name = 'facts'
    AND schema_name = 'main'
    AND NOT internal
    AND view_name NOT IN ('weighed', 'pieced', 'placed_events', 'continued', 'copies_touched', 'cost_sums')
    AND NOT ends_with(view_name, '_fresh')
UNION ALL
SELECT
    table_name AS name,
    'table' AS kind,
    comment
FROM duckdb_tables()
WHERE database_name = 'facts' AND NOT regexp_matches(table_name, '^(un)?settled|^touched')
ORDER BY kind DESC, name;

-- name: columns
-- Columns of all tables and views, in order.
SELECT
    table_name AS relation,
    column_name AS name
FROM duckdb_columns()
WHERE database_name = 'facts' AND schema_name = 'main' AND NOT internal
ORDER BY relation, column_index;

-- name: kin_of
-- The interactions of the conversation that $interaction belongs to, itself among them. Turns are tied
-- by the first turn their ids name, and by previous_interaction_id where ids name none.
WITH RECURSIVE kin (interaction) AS (
    SELECT CAST($interaction AS VARCHAR)
    UNION
    SELECT other.interaction
    FROM kin
    INNER JOIN observations AS mine
        ON mine.id_hash = hash_of(kin.interaction) AND mine.interaction = kin.interaction
    INNER JOIN observations AS other
        ON other.root_hash = mine.root_hash
        OR other.previous_hash = mine.id_hash
        OR other.id_hash = mine.previous_hash
)

SELECT interaction
FROM kin
ORDER BY interaction;

-- name: all_interactions
-- The interactions of which anything was recorded.
SELECT DISTINCT interaction
FROM observations
ORDER BY interaction;

-- name: exchanges_about
-- The exchanges about any of the interactions $interactions, in order, at most $limit.
SELECT
    exchanges.exchange,
    operation,
    raw_ref
FROM exchanges
INNER JOIN (
    SELECT DISTINCT exchange, number_of(exchange) AS number
    FROM (
        SELECT exchange, id_hash, interaction FROM observations
        UNION ALL
        SELECT exchange, id_hash, interaction FROM mentions
    )
    WHERE id_hash IN (SELECT hash_of(unnest($interactions::VARCHAR[])))
        AND list_contains($interactions, interaction)
) AS telling
    ON telling.number = exchanges.sequence AND telling.exchange = exchanges.exchange
ORDER BY started_at, exchanges.exchange
LIMIT $limit;
