-- Tokens told of in a span of time. The view usage_lines looks for the best answer among all that were ever seen: of a million
-- interactions that is more than the memory that DuckDB has in the recorder.

CREATE OR REPLACE MACRO usage_between(since, until) AS TABLE (
    WITH told AS MATERIALIZED (
        SELECT DISTINCT id_hash
        FROM usage
        WHERE seen_at >= since AND seen_at < until
    ),

    -- Nearly all are told once: then nothing has to be chosen.
    often AS MATERIALIZED (
        SELECT id_hash
        FROM interactions
        WHERE (exchange_count > 1 OR coalesce(total_tokens, input_tokens, output_tokens) IS NULL)
            AND id_hash IN (SELECT told.id_hash FROM told)
    ),

    best AS (
        SELECT
            interaction,
            id_hash,
            arg_max(exchange, answer_weight) AS exchange
        FROM weighed
        WHERE has_usage AND id_hash IN (SELECT often.id_hash FROM often)
        GROUP BY interaction, id_hash
    )

    SELECT kind, modality, tokens, id_hash
    FROM usage
    WHERE seen_at >= since AND seen_at < until AND id_hash NOT IN (SELECT often.id_hash FROM often)
    UNION ALL
    SELECT usage.kind, usage.modality, usage.tokens, usage.id_hash
    FROM usage
    INNER JOIN best
        ON best.id_hash = usage.id_hash
        AND best.interaction = usage.interaction
        AND best.exchange = usage.exchange
    WHERE usage.seen_at >= since AND usage.seen_at < until
);
