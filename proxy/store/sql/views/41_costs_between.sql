-- What interactions of a span of time cost. The view costs_by_interaction reads what all of them cost, and joins it by
-- their names: over a million that takes half a second, and more memory than DuckDB has in the recorder.

CREATE OR REPLACE MACRO costs_between(since, until) AS TABLE (
    WITH picked AS MATERIALIZED (
        SELECT interaction, created_at, status, model, agent, client, id_hash
        FROM interactions
        WHERE created_at >= since AND created_at < until
    ),

    summed AS (
        SELECT *
        FROM cost_sums
        WHERE id_hash IN (SELECT picked.id_hash FROM picked)
    )

    SELECT
        picked.interaction,
        picked.created_at,
        picked.model,
        picked.agent,
        picked.client,
        summed.book,
        coalesce(summed.unpriced_count, 1) = 0 AS is_complete,
        summed.amount_pico_usd::HUGEINT AS amount_pico_usd
    FROM picked
    LEFT JOIN summed ON summed.id_hash = picked.id_hash AND summed.interaction = picked.interaction
    -- Without a status there was no answer: a create that was refused costs nothing.
    WHERE summed.book IS NOT NULL OR picked.status IS NOT NULL
);
