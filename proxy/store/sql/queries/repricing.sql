-- What pricing again asks of the tables; proxy/store/pricing/repricing.py says how.

-- name: price_book_acts
-- Acts of $kind that brought a price book, in order.
SELECT
    epoch_us(seen_at) AS seen_us,
    data
FROM acts
WHERE kind = $kind AND data IS NOT NULL
ORDER BY seen_at;

-- name: billed_hours
-- Hours in which something was seen that reported usage, before $before_us.
SELECT
    date_trunc('hour', seen_at) AS since,
    date_trunc('hour', seen_at) + INTERVAL 1 HOUR AS until
FROM observations
WHERE epoch_us(seen_at) < $before_us
GROUP BY ALL
ORDER BY since;

-- name: bills_between
-- Observations with usage seen from $since to $until and before $before_us that $book did not price yet,
-- each with all that pricing needs. $places: of unknown fields in usage; $grounding: steps that ground.
WITH seen AS (
    SELECT *
    FROM observations
    WHERE seen_at >= $since AND seen_at < $until AND epoch_us(seen_at) < $before_us
        AND NOT EXISTS (
            SELECT 1
            FROM costs
            WHERE costs.seen_at >= $since AND costs.seen_at < $until
                AND costs.id_hash = observations.id_hash
                AND costs.interaction = observations.interaction
                AND costs.exchange = observations.exchange
                AND costs.book = $book
        )
),

used AS (
    SELECT exchange, interaction, list(struct_pack(kind, modality, tokens)) AS lines
    FROM usage
    WHERE seen_at >= $since AND seen_at < $until
    GROUP BY exchange, interaction
),

unheard AS (
    SELECT exchange, list(name) AS unknown_fields
    FROM unknowns
    WHERE kind = 'field' AND list_contains($places, place)
        AND exchange IN (SELECT exchange FROM seen)
    GROUP BY exchange
),

carried AS (
    SELECT exchange, interaction, list(struct_pack(side, type)) AS media
    FROM media
    WHERE exchange IN (SELECT exchange FROM seen)
    GROUP BY exchange, interaction
),

grounded AS (
    SELECT exchange, interaction, list(type) AS grounding
    FROM steps
    WHERE seen_at >= $since AND seen_at < $until AND side = 'output'
        AND list_contains($grounding, type)
    GROUP BY exchange, interaction
)

SELECT
    seen.exchange,
    seen.interaction,
    seen.id_hash,
    epoch_us(seen.seen_at) AS seen_us,
    seen.model,
    seen.agent,
    seen.service_tier_asked,
    seen.service_tier,
    seen.created,
    exchanges.route,
    seen.input_tokens,
    seen.cached_tokens,
    seen.output_tokens,
    seen.thought_tokens,
    seen.tool_use_tokens,
    seen.total_tokens,
    used.lines,
    unheard.unknown_fields,
    carried.media,
    grounded.grounding
FROM seen
LEFT JOIN exchanges ON exchanges.exchange = seen.exchange
LEFT JOIN used ON used.exchange = seen.exchange AND used.interaction = seen.interaction
LEFT JOIN unheard ON unheard.exchange = seen.exchange
LEFT JOIN carried ON carried.exchange = seen.exchange AND carried.interaction = seen.interaction
LEFT JOIN grounded ON grounded.exchange = seen.exchange AND grounded.interaction = seen.interaction
WHERE used.lines IS NOT NULL
    OR coalesce(
        seen.input_tokens,
        seen.output_tokens,
        seen.thought_tokens,
        seen.tool_use_tokens,
        seen.total_tokens
    ) IS NOT NULL
ORDER BY seen.seen_at, seen.exchange, seen.interaction;
