-- Interactions whose end nobody has seen: what the steward finishes, and the gap where there is none.
--
-- Bounded by time, so that looking every second reads the last row groups alone: rows come in time order.

CREATE OR REPLACE MACRO unfinished_since(since) AS TABLE (
    WITH begun AS (
        SELECT
            id_hash,
            interaction,
            max(seen_at) AS last_seen_at,
            arg_max(status, seen_at) AS status,
            bool_or(is_background) AS is_background
        FROM observations
        WHERE
            seen_at >= since
            AND NOT is_terminal
            AND interaction_id IS NOT NULL
            AND how != 'deleted'
        GROUP BY id_hash, interaction
    ),

    ended AS (
        SELECT id_hash, interaction
        FROM observations
        WHERE is_terminal
            AND seen_at >= since - INTERVAL 1 DAY
            AND id_hash IN (SELECT begun.id_hash FROM begun)  -- few names are compared then
    ),

    open AS (
        SELECT * FROM begun ANTI JOIN ended USING (id_hash, interaction)
    ),

    carried AS (
        SELECT exchanges.*
        FROM exchanges
        SEMI JOIN open USING (interaction)
        WHERE started_at >= since - INTERVAL 1 DAY
    ),

    told AS (
        SELECT
            acts.interaction,
            max(acts.seen_at) FILTER (WHERE kind = 'webhook') AS notified_at,
            max(acts.data ->> '$.reason') FILTER (WHERE kind = 'capture') AS given_up
        FROM acts
        SEMI JOIN open USING (interaction)
        WHERE acts.seen_at >= since - INTERVAL 1 DAY
        GROUP BY acts.interaction
    ),

    asked AS (
        SELECT
            carried.interaction,
            carried.started_at,
            carried.ended_at,
            carried.status,
            carried.retry_after_s,
            coalesce(carried.started_at > told.notified_at, TRUE) AS is_since_notice
        FROM carried
        LEFT JOIN told USING (interaction)
        WHERE carried.purpose = 'steward' AND carried.operation = 'get'
    ),

    attempts AS (
        SELECT
            interaction,
            count(*) FILTER (WHERE is_since_notice) AS attempts,
            max(ended_at) AS attempted_at,
            arg_max(retry_after_s, started_at) AS retry_after_s,
            arg_max(asked.status, started_at) AS last_answer,
            max(started_at) FILTER (WHERE asked.status IS DISTINCT FROM 404) AS found_at
        FROM asked
        GROUP BY interaction
    ),

    absent AS (
        SELECT interaction, count(*) AS not_found_count
        FROM asked
        LEFT JOIN attempts USING (interaction)
        WHERE asked.status = 404 AND coalesce(asked.started_at > attempts.found_at, TRUE)
        GROUP BY interaction
    ),

    about AS (
        SELECT
            interaction,
            max(ended_at) AS last_at,
            coalesce(
                arg_min(client, started_at) FILTER (WHERE operation = 'create'),
                arg_min(client, started_at) FILTER (WHERE purpose = 'client')
            ) AS client,
            arg_min(api_version, started_at) AS api_version,
            arg_min(api_revision, started_at) FILTER (WHERE purpose = 'client') AS api_revision,
            bool_and(starts_with(route, '/{v}/interactions')) AS is_reachable,
            min(started_at) AS first_at,
            min(ended_at) FILTER (WHERE operation = 'delete' AND status BETWEEN 200 AND 299)
                AS deleted_at
        FROM carried
        GROUP BY interaction
    ),

    care AS (
        SELECT arg_max(data ->> '$.scope', seen_at) AS scope
        FROM acts
        WHERE kind = 'capture' AND interaction IS NULL
    )

    SELECT
        open.interaction,
        open.status,
        open.is_background,
        about.client,
        CASE
            WHEN about.deleted_at IS NOT NULL THEN 'deleted before its end was seen'
            WHEN told.given_up = 'not_found' THEN 'given up: not found upstream'
            WHEN told.given_up IS NOT NULL THEN 'given up: it does not end'
            WHEN NOT coalesce(about.is_reachable, FALSE) THEN 'no steward asks at this path'
            WHEN coalesce(care.scope, '[]') = '[]' THEN 'no credential'
            WHEN contains(care.scope, about.client) THEN 'waiting'
            ELSE 'made with a credential of another scope'
        END AS why,
        coalesce(attempts.attempts, 0) AS attempts,
        coalesce(absent.not_found_count, 0) AS not_found_count,
        attempts.attempted_at,
        attempts.last_answer,
        attempts.retry_after_s,
        about.first_at,
        greatest(about.last_at, open.last_seen_at) AS last_at,
        told.notified_at,
        about.deleted_at,
        told.given_up,
        coalesce(about.is_reachable, FALSE) AS is_reachable,
        about.api_version,
        about.api_revision,
        open.id_hash
    FROM open
    LEFT JOIN about USING (interaction)
    LEFT JOIN attempts USING (interaction)
    LEFT JOIN absent USING (interaction)
    LEFT JOIN told USING (interaction)
    CROSS JOIN care
);

CREATE OR REPLACE VIEW unfinished AS
SELECT * FROM unfinished_since(TIMESTAMP '1970-01-02 00:00:00');
COMMENT ON VIEW unfinished IS
    'Interactions that nobody saw end, each with why its end is missing and what was done about it.';
