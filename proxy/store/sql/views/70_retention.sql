-- Copies at Google: what the records say of each, for the steward and for people.
--
-- The state of a disposal is told by the acts of kind disposal (see proxy/audit/ledger); here the last one counts.

-- What folders of before have under these names goes by another rule.
DROP VIEW IF EXISTS held_interactions;
DROP VIEW IF EXISTS holds_open;

CREATE OR REPLACE VIEW copies_touched AS
SELECT id_hash FROM touched
UNION
SELECT id_hash FROM touched_copies;
COMMENT ON VIEW copies_touched IS
    'Interactions told of, or gone on from, since their copies were settled. For the views, not for people.';

-- `first_next`: of the turns that go on from them.
CREATE OR REPLACE MACRO copies_fresh_from(first_observation, first_mention, first_next) AS TABLE (
    WITH recorded AS (
        SELECT
            interaction,
            id_hash,
            FALSE AS is_foreign,
            max(interaction_id) IS NOT NULL AS has_id,
            min(TRY_CAST(created AS TIMESTAMP)) AS created_at,
            max(TRY_CAST(updated AS TIMESTAMP)) AS updated_at,
            min(seen_at) AS seen_at,
            coalesce(bool_or(is_terminal), FALSE) AS is_ended,
            arg_max(store, seen_at) FILTER (WHERE how = 'created') AS store,
            max(previous_interaction_id) AS previous,
            max(root_hash) AS root_hash,
            max(model) AS model,
            max(agent) AS agent,
            max(label_index) AS label_index,
            max(environment_id) AS environment_id
        FROM observations
        WHERE
            rowid >= first_observation
            AND how != 'deleted'
            AND id_hash IN (SELECT copies_touched.id_hash FROM copies_touched)
        GROUP BY interaction, id_hash
    ),

    -- What answers went on from, and nobody told of here: it was made elsewhere, and was there.
    told AS (
        SELECT * FROM recorded
        UNION ALL BY NAME
        SELECT
            previous_interaction_id AS interaction,
            previous_hash AS id_hash,
            TRUE AS is_foreign,
            TRUE AS has_id,
            min(seen_at) AS seen_at,
            TRUE AS is_ended,
            max(root_hash) AS root_hash
        FROM observations
        WHERE
            rowid >= first_next
            AND how = 'created'
            AND interaction_id IS NOT NULL
            AND previous_interaction_id IS NOT NULL
            AND previous_hash IN (SELECT copies_touched.id_hash FROM copies_touched)
            AND previous_hash NOT IN (SELECT recorded.id_hash FROM recorded)
        GROUP BY previous_interaction_id, previous_hash
    ),

    telling AS (
        SELECT exchange, interaction, number_of(exchange) AS number
        FROM observations
        WHERE rowid >= first_observation AND id_hash IN (SELECT copies_touched.id_hash FROM copies_touched)
        UNION
        SELECT exchange, interaction, number_of(exchange) AS number
        FROM mentions
        WHERE rowid >= first_mention AND id_hash IN (SELECT copies_touched.id_hash FROM copies_touched)
    ),

    carried AS (
        SELECT
            exchanges.interaction,
            coalesce(
                arg_min(client, started_at) FILTER (WHERE operation = 'create'),
                arg_min(client, started_at) FILTER (WHERE purpose = 'client')
            ) AS client,
            arg_min(status, started_at) FILTER (WHERE operation = 'create') AS create_status,
            min(date_at) FILTER (WHERE operation = 'create') AS date_at,
            arg_min(api_version, started_at) AS api_version,
            arg_min(api_revision, started_at) FILTER (WHERE purpose = 'client') AS api_revision,
            max(ended_at) FILTER (
                WHERE operation = 'get' AND purpose != 'verify' AND status BETWEEN 200 AND 299
            ) AS served_at,
            min(ended_at) FILTER (
                WHERE operation = 'delete' AND purpose = 'client' AND status BETWEEN 200 AND 299
            ) AS deleted_at
        FROM exchanges
        INNER JOIN telling
            ON telling.number = exchanges.sequence
            AND telling.exchange = exchanges.exchange
            AND telling.interaction = exchanges.interaction
        GROUP BY exchanges.interaction
    ),

    continued AS (
        SELECT previous_interaction_id AS interaction, max(seen_at) AS continued_at
        FROM observations
        WHERE rowid >= first_next
            AND how = 'created'
            AND interaction_id IS NOT NULL
            AND previous_interaction_id IS NOT NULL
            AND previous_hash IN (SELECT copies_touched.id_hash FROM copies_touched)
        GROUP BY previous_interaction_id
    ),

    disposed AS (
        SELECT
            interaction,
            arg_max(data ->> '$.state', seen_at) AS state,
            arg_max(data ->> '$.evidence', seen_at) AS evidence,
            arg_max(data ->> '$.flags', seen_at) AS flags,
            arg_max(TRY_CAST(data ->> '$.due' AS BIGINT), seen_at) AS due_ns,
            max(seen_at) AS last_at
        FROM acts
        WHERE kind = 'disposal' AND interaction IN (SELECT told.interaction FROM told)
        GROUP BY interaction
    )

    SELECT
        told.interaction,
        told.id_hash,
        told.is_foreign,
        carried.client,
        told.store,
        told.previous,
        told.root_hash,
        told.has_id,
        told.is_ended,
        told.model,
        told.agent,
        told.label_index,
        told.environment_id,
        carried.create_status,
        told.created_at,
        carried.date_at,
        told.seen_at,
        coalesce(told.created_at, carried.date_at, told.seen_at) AS began_at,
        told.updated_at,
        continued.continued_at,
        carried.served_at,
        carried.deleted_at,
        carried.api_version,
        carried.api_revision,
        disposed.state,
        disposed.evidence,
        disposed.flags,
        make_timestamp(disposed.due_ns // 1000) AS due_at,
        disposed.last_at AS disposed_at,
        told.has_id AND told.store IS DISTINCT FROM 'false' AS is_stored
    FROM told
    LEFT JOIN carried ON carried.interaction = told.interaction
    LEFT JOIN continued ON continued.interaction = told.interaction
    LEFT JOIN disposed ON disposed.interaction = told.interaction
);

CREATE OR REPLACE VIEW copies_fresh AS
FROM copies_fresh_from(0, 0, 0);
COMMENT ON VIEW copies_fresh IS
    'Copies at Google that were told of since they were settled. For the views, not for people.';

-- Made anew and filled again when the text of this file changed: settling.py.
CREATE TABLE IF NOT EXISTS settled_copies AS
SELECT * FROM copies_fresh LIMIT 0;
COMMENT ON TABLE settled_copies IS
    'What the view copies says of those that nobody told of since. For the views, not for people.';

CREATE OR REPLACE VIEW copies AS
WITH told AS (
    SELECT * FROM settled_copies
    WHERE id_hash NOT IN (SELECT copies_touched.id_hash FROM copies_touched)
    UNION ALL BY NAME
    SELECT * FROM copies_fresh
),

-- What is told of the project holds for all its copies.
project AS (
    SELECT
        coalesce(arg_max(data ->> '$.shortest_days', seen_at)::BIGINT, 1) AS shortest,
        coalesce(arg_max(data ->> '$.longest_days', seen_at)::BIGINT, 55) AS longest
    FROM acts
    WHERE kind = 'policy' AND (data ->> '$.longest_days') IS NOT NULL
)

SELECT
    told.*,
    -- Of what was made elsewhere nobody knows when: it was there at first sight, and may go at any time.
    told.began_at + to_days(if(told.is_foreign, 0, project.shortest)::INTEGER) AS expires_earliest,
    greatest(
        told.began_at,
        coalesce(told.updated_at, TIMESTAMP '1970-01-01'),
        coalesce(told.continued_at, TIMESTAMP '1970-01-01')
    ) + to_days(project.longest::INTEGER + 1) AS expires_latest
FROM told
CROSS JOIN project;
COMMENT ON VIEW copies IS
    'Interactions as copies at Google: whose they are, when their periods began and end, how far their disposal is.';
