-- One answer of several hops: a decode that reached its limit goes on in an interaction of its own, which
-- SDKs ask for by themselves. A stored hop names the one before; one that is not stored brings its token,
-- which only the sealed record holds: it follows the latest such hop of the same credential and model.

CREATE OR REPLACE VIEW continued AS
WITH RECURSIVE parts AS (
    SELECT
        observations.interaction,
        any_value(coalesce(observations.model, observations.agent)) AS model,
        max(observations.store) AS store,
        any_value(exchanges.client) FILTER (WHERE observations.how = 'created') AS client,
        coalesce(
            min(exchanges.started_at) FILTER (WHERE observations.how = 'created'),
            min(observations.seen_at)
        ) AS created_at,
        coalesce(
            min(observations.seen_at) FILTER (WHERE observations.is_terminal),
            max(observations.seen_at)
        ) AS told_at,
        max(observations.previous_interaction_id) AS previous_interaction_id,
        coalesce(bool_or(observations.is_continuation), FALSE) AS is_continuation,
        bool_or(
            observations.has_continuation_token
            OR coalesce(observations.status = 'requires_continuation', FALSE)
        ) AS is_continued
    FROM observations
    INNER JOIN exchanges
        ON exchanges.sequence = number_of(observations.exchange)
        AND exchanges.exchange = observations.exchange
    WHERE observations.id_hash IN (
        SELECT marked.id_hash
        FROM observations AS marked
        WHERE marked.is_continuation
            OR marked.has_continuation_token
            OR marked.status = 'requires_continuation'
    )
    GROUP BY observations.interaction
),

followed AS (
    SELECT
        later.interaction,
        later.created_at,
        earlier.interaction AS hop_before
    FROM parts AS later
    INNER JOIN parts AS earlier
        ON earlier.is_continued
        AND earlier.interaction != later.interaction
        AND (
            later.previous_interaction_id = earlier.interaction
            OR (
                later.store = 'false'
                AND earlier.store = 'false'
                AND later.client IS NOT DISTINCT FROM earlier.client
                AND later.model IS NOT DISTINCT FROM earlier.model
                AND later.created_at BETWEEN earlier.told_at - INTERVAL 1 SECOND
                AND earlier.told_at + INTERVAL 60 SECOND
                AND later.created_at > earlier.created_at
            )
        )
    WHERE later.is_continuation
    QUALIFY
        row_number() OVER (
            PARTITION BY later.interaction
            ORDER BY
                later.previous_interaction_id IS NOT DISTINCT FROM earlier.interaction DESC,
                earlier.told_at DESC
        ) = 1
),

claimed AS (
    SELECT COLUMNS(*)
    FROM followed
    QUALIFY row_number() OVER (PARTITION BY hop_before ORDER BY created_at, interaction) = 1
),

chains AS (
    SELECT
        interaction,
        interaction AS answer,
        1 AS hop
    FROM parts
    WHERE interaction NOT IN (SELECT claimed.interaction FROM claimed)
    UNION ALL
    SELECT
        claimed.interaction,
        chains.answer,
        chains.hop + 1 AS hop
    FROM chains
    INNER JOIN claimed ON claimed.hop_before = chains.interaction
)

SELECT
    answer,
    hop,
    interaction
FROM chains;
COMMENT ON VIEW continued IS
    'Which interactions make up a continued answer, in order. For the views, not for people.';

CREATE OR REPLACE VIEW hops AS
SELECT
    continued.answer,
    continued.hop,
    continued.interaction,
    interactions.status,
    interactions.created_at,
    interactions.ended_at,
    interactions.input_tokens,
    interactions.cached_tokens,
    interactions.output_tokens,
    interactions.thought_tokens,
    interactions.tool_use_tokens,
    interactions.total_tokens,
    interactions.output_step_count,
    interactions.id_hash
FROM continued
INNER JOIN interactions
    ON interactions.id_hash = hash_of(continued.interaction)
    AND interactions.interaction = continued.interaction;
COMMENT ON VIEW hops IS
    'The interactions that make up one long answer, in order. `answer` names the first.';

CREATE OR REPLACE VIEW answers AS
SELECT
    coalesce(continued.answer, interactions.interaction) AS answer,
    count(*) AS hop_count,
    arg_max(interactions.interaction, coalesce(continued.hop, 1)) AS last_interaction,
    arg_max(interactions.status, coalesce(continued.hop, 1)) AS status,
    any_value(coalesce(interactions.model, interactions.agent)) AS model,
    min(interactions.created_at) AS created_at,
    max(interactions.ended_at) AS ended_at,
    sum(interactions.input_tokens)::BIGINT AS input_tokens,
    sum(interactions.cached_tokens)::BIGINT AS cached_tokens,
    sum(interactions.output_tokens)::BIGINT AS output_tokens,
    sum(interactions.thought_tokens)::BIGINT AS thought_tokens,
    sum(interactions.tool_use_tokens)::BIGINT AS tool_use_tokens,
    sum(interactions.total_tokens)::BIGINT AS total_tokens,
    sum(interactions.output_step_count)::BIGINT AS output_step_count,
    list(interactions.interaction ORDER BY coalesce(continued.hop, 1)) AS interactions
FROM interactions
LEFT JOIN continued ON continued.interaction = interactions.interaction
GROUP BY coalesce(continued.answer, interactions.interaction);
COMMENT ON VIEW answers IS
    'One row per logical answer: an interaction, or the hops of a continued one. Each hop was billed.';
