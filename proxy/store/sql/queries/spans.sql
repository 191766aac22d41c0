-- What spans point to: asked where it is not in the memory of whoever makes them.

-- name: create_of_interaction
-- The create of $interaction (whose hash is $id_hash), and what was known of it before $before (ns).
WITH told AS (
    SELECT *
    FROM observations
    WHERE id_hash = $id_hash AND interaction = $interaction AND epoch_ns(seen_at) < $before
)
SELECT
    created.exchange,
    exchanges.trace_id,
    exchanges.parent_span_id,
    exchanges.is_sampled,
    epoch_ns(exchanges.started_at) AS started_at,
    (SELECT epoch_ns(max(seen_at)) FROM told) AS known_at,
    (SELECT status FROM told ORDER BY seen_at DESC, is_terminal DESC LIMIT 1) AS status,
    (SELECT bool_or(is_terminal) FROM told) AS is_terminal,
    coalesce(created.is_background, false) AS is_background,
    created.model,
    created.agent,
    created.previous_interaction_id IS NULL AND NOT EXISTS (
        SELECT 1
        FROM steps
        WHERE steps.exchange = created.exchange
            AND steps.id_hash = $id_hash
            AND side = 'input'
            AND type <> 'user_input'
    ) AS is_first
FROM told AS created
JOIN exchanges ON exchanges.exchange = created.exchange
WHERE created.how = 'created'
ORDER BY created.seen_at
LIMIT 1;

-- name: calls_of_interaction
-- Functions that $interaction (whose hash is $id_hash) asked its caller to call.
SELECT DISTINCT call_id, name
FROM steps
WHERE id_hash = $id_hash
    AND interaction = $interaction
    AND side = 'output'
    AND type = 'function_call'
    AND call_id IS NOT NULL
ORDER BY call_id;
