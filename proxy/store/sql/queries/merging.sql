-- Statements about what ties exchanges to one interaction, and interactions to one answer.

-- name: twins_of
-- How many creates had the very body and credential of the exchange $exchange, itself among them.
SELECT count(*) AS count
FROM exchanges
INNER JOIN exchanges AS this
    ON this.sequence = number_of($exchange)
    AND this.exchange = $exchange
    AND exchanges.request_mac = this.request_mac
    AND exchanges.client IS NOT DISTINCT FROM this.client
WHERE exchanges.operation = 'create';

-- name: attempts_of
-- The attempts of the call that the create $exchange belongs to, in order; none if it was sent once.
WITH call AS (
    SELECT first_exchange
    FROM retries
    WHERE exchange = $exchange OR retry_of = $exchange
    LIMIT 1
),

attempts AS (
    SELECT
        1 AS attempt,
        first_exchange AS exchange,
        NULL AS waited_us
    FROM call
    UNION ALL
    SELECT
        retries.attempt,
        retries.exchange,
        retries.waited_us
    FROM retries
    INNER JOIN call ON call.first_exchange = retries.first_exchange
)

SELECT
    attempts.attempt,
    attempts.exchange,
    attempts.waited_us,
    exchanges.started_at,
    exchanges.status,
    exchanges.outcome,
    exchanges.error_code,
    exchanges.retry_after_s,
    exchanges.interaction
FROM attempts
INNER JOIN exchanges
    ON exchanges.sequence = number_of(attempts.exchange)
    AND exchanges.exchange = attempts.exchange
ORDER BY attempts.attempt;

-- name: hops_of
-- The hops of the answer that the interaction $interaction belongs to, in order.
WITH chains AS MATERIALIZED (
    FROM continued
)

SELECT
    chains.answer,
    chains.hop,
    chains.interaction,
    interactions.status,
    interactions.created_at,
    interactions.input_tokens,
    interactions.output_tokens,
    interactions.total_tokens,
    interactions.output_step_count
FROM interactions
INNER JOIN chains
    ON interactions.id_hash = hash_of(chains.interaction)
    AND interactions.interaction = chains.interaction
WHERE chains.answer IN (SELECT own.answer FROM chains AS own WHERE own.interaction = $interaction)
ORDER BY chains.hop;

-- name: divergences_of
-- Where the interaction $interaction was shown otherwise than it was first told.
SELECT
    told_by,
    is_told_streaming,
    shown_by,
    is_shown_streaming,
    seen_at,
    told_step_count,
    shown_step_count,
    step_index,
    what
FROM divergences
WHERE interaction = $interaction AND id_hash = $id_hash
ORDER BY seen_at, shown_by;
