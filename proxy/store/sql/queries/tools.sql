-- Statements about tools, each after its name. Parameters are bound by name.

-- name: tool_steps
-- Calls and results of the interactions $interactions (of all where that is NULL), the latest $limit. Instants
-- in microseconds.
SELECT
    interaction,
    conversation,
    place,
    side,
    type,
    call_id,
    name,
    server_name,
    is_error,
    is_new,
    step_mac,
    epoch_us(sent_at) AS sent_at,
    epoch_us(seen_at) AS seen_at,
    epoch_us(started_at) AS started_at,
    epoch_us(ended_at) AS ended_at,
    status,
    is_followed,
    is_previous_known
FROM tool_steps
WHERE $interactions IS NULL OR list_contains($interactions, interaction)
ORDER BY tool_steps.seen_at DESC, interaction, place
LIMIT $limit;

-- name: last_record
-- When the latest record about any interaction was made, in microseconds; 0: there is none.
SELECT coalesce(epoch_us(max(seen_at)), 0) AS at
FROM observations;
