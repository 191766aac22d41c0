-- Statements about copies at Google, each after its name. Instants are microseconds.

-- name: disposal_candidates
-- Interactions of the clients $scope that something may be due for: older than $cutoff_us (a policy may
-- want them gone; null: no policy does) and about whom one of $rules may be, or with a disposal under way, or deleted by a client, or served after
-- their time. Finals come again only when they were served since, or may still be seen to have expired.
SELECT interaction
FROM copies
CROSS JOIN (SELECT rules_told($rules) AS told) AS rules
WHERE
    (list_contains($scope, client) OR $scope IS NULL)
    AND is_stored
    AND api_version IS NOT NULL
    AND interaction > $after
    AND (
        state IS NULL
        OR NOT list_contains($finals, state)
        OR coalesce(greatest(served_at, continued_at) > disposed_at, FALSE)
        OR (state = 'expired_presumed' AND evidence = 'confirmed')
    )
    AND (
        (
            began_at <= make_timestamp($cutoff_us)
            AND is_wanted(rules.told, began_at, client, label_index, model, agent)
        )
        OR state IS NOT NULL
        OR deleted_at IS NOT NULL
        OR served_at > expires_latest
    )
ORDER BY interaction
LIMIT $limit;

-- name: disposal_copies
-- What the tables say of $interactions. Rows are found by what is short, and read by their places.
WITH wanted AS MATERIALIZED (
    SELECT interaction, hash_of(interaction) AS id_hash
    FROM (SELECT DISTINCT unnest(string_split($interactions, chr(10))) AS interaction)
),

used AS (
    SELECT id_hash, interaction, string_agg(DISTINCT type, ',' ORDER BY type) AS tools
    FROM steps
    WHERE
        steps.rowid IN (
            SELECT own.rowid FROM steps AS own WHERE own.id_hash IN (SELECT wanted.id_hash FROM wanted)
        )
        AND (ends_with(type, '_call') OR ends_with(type, '_result'))
    GROUP BY id_hash, interaction
),

given AS (
    SELECT id_hash, interaction, count(*) AS files
    FROM media
    WHERE id_hash IN (SELECT wanted.id_hash FROM wanted) AND source = 'file'
    GROUP BY id_hash, interaction
),

cached AS (
    SELECT DISTINCT id_hash, interaction
    FROM observations
    WHERE
        observations.rowid IN (
            SELECT own.rowid FROM observations AS own WHERE own.id_hash IN (SELECT wanted.id_hash FROM wanted)
        )
        AND contains(coalesce(settings_sent, ''), 'cached_content')
),

own_acts AS MATERIALIZED (
    SELECT rowid AS place
    FROM acts
    WHERE kind = 'disposal' AND interaction IN (SELECT wanted.interaction FROM wanted)
),

duties AS (
    SELECT interaction, arg_max(data ->> '$.policy', seen_at) AS policy
    FROM acts
    WHERE
        acts.rowid IN (SELECT own_acts.place FROM own_acts)
        AND (data ->> '$.event') = 'DutyBegan'
    GROUP BY interaction
),

found AS MATERIALIZED (
    FROM copies_among($interactions, NULL)
)

SELECT
    copies.interaction,
    client,
    store,
    previous,
    root_hash AS root,
    has_id,
    is_ended,
    model,
    agent,
    label_index AS label,
    create_status,
    epoch_us(created_at) AS created_us,
    epoch_us(date_at) AS date_us,
    epoch_us(seen_at) AS seen_us,
    epoch_us(updated_at) AS updated_us,
    epoch_us(continued_at) AS continued_us,
    api_version,
    api_revision,
    environment_id AS environment,
    used.tools,
    coalesce(given.files, 0) AS files,
    cached.id_hash IS NOT NULL AS has_cache,
    duties.policy AS duty_policy,
    erased.interaction IS NOT NULL AS is_erased
FROM found AS copies
LEFT JOIN used ON used.id_hash = copies.id_hash AND used.interaction = copies.interaction
LEFT JOIN given ON given.id_hash = copies.id_hash AND given.interaction = copies.interaction
LEFT JOIN cached ON cached.id_hash = copies.id_hash AND cached.interaction = copies.interaction
LEFT JOIN duties ON duties.interaction = copies.interaction
LEFT JOIN erased_interactions AS erased ON erased.interaction = copies.interaction
WHERE copies.interaction IN (SELECT wanted.interaction FROM wanted) AND NOT copies.is_foreign
ORDER BY copies.interaction;

-- name: disposal_events
-- What happened to $interactions: GETs that were served (the first and the last), DELETEs of clients,
-- holds, and what the steward told. Rows are found by what is short, and read by their places.
WITH wanted AS MATERIALIZED (
    SELECT interaction, hash_of(interaction) AS id_hash
    FROM (SELECT DISTINCT unnest(string_split($interactions, chr(10))) AS interaction)
),

telling AS MATERIALIZED (
    SELECT exchange, interaction, number_of(exchange) AS number
    FROM observations
    WHERE observations.rowid IN (
        SELECT own.rowid FROM observations AS own WHERE own.id_hash IN (SELECT wanted.id_hash FROM wanted)
    )
    UNION
    SELECT exchange, interaction, number_of(exchange) AS number
    FROM mentions
    WHERE id_hash IN (SELECT wanted.id_hash FROM wanted)
),

places AS MATERIALIZED (
    SELECT rowid AS place
    FROM exchanges
    WHERE sequence IN (SELECT telling.number FROM telling)
),

-- Which count is decided behind the numbering: before it, DuckDB would read all exchanges to decide it.
looked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY interaction, kind ORDER BY ended_at) AS first,
        row_number() OVER (PARTITION BY interaction, kind ORDER BY ended_at DESC) AS last
    FROM (
        SELECT
            interaction,
            exchange AS id,
            CASE
                WHEN operation = 'get' AND purpose != 'verify' AND status BETWEEN 200 AND 299
                    THEN 'served'
                -- What the proxy refused never went out; with 424 it says that it did.
                WHEN
                    operation = 'delete' AND purpose = 'client' AND status IS NOT NULL
                    AND (NOT is_own_answer OR status = 424)
                    THEN 'deleted'
            END AS kind,
            ended_at,
            status,
            retry_after_s,
            date_at
        FROM exchanges
        WHERE exchanges.rowid IN (SELECT places.place FROM places)
    )
),

own_acts AS MATERIALIZED (
    SELECT rowid AS place
    FROM acts
    WHERE
        kind IN ('hold', 'disposal', 'probe')
        AND interaction IN (SELECT wanted.interaction FROM wanted)
)

SELECT
    looked.interaction,
    id,
    kind,
    epoch_us(ended_at) AS at_us,
    status,
    retry_after_s,
    NULL AS data,
    0 AS place,
    epoch_us(date_at) AS date_us
FROM looked
INNER JOIN telling ON telling.exchange = looked.id AND telling.interaction = looked.interaction
INNER JOIN wanted ON wanted.interaction = looked.interaction
WHERE kind = 'deleted' OR (kind = 'served' AND (first = 1 OR last = 1))
UNION ALL
SELECT
    interaction,
    act AS id,
    CASE kind WHEN 'hold' THEN 'held' ELSE kind END AS kind,
    -- As they were written: a clock that is set back puts no act before an earlier one.
    epoch_us(max(seen_at) OVER (PARTITION BY interaction ORDER BY rowid)) AS at_us,
    NULL AS status,
    NULL AS retry_after_s,
    data,
    rowid AS place,
    NULL AS date_us
FROM acts
WHERE acts.rowid IN (SELECT own_acts.place FROM own_acts)
ORDER BY at_us, place, id;

-- name: disposal_kept
-- Interactions that began before $cutoff_us, about whom one of $rules may be, and whose content is here, behind $after.
SELECT interaction
FROM copies
CROSS JOIN (SELECT rules_told($rules) AS told) AS rules
WHERE
    began_at <= make_timestamp($cutoff_us)
    AND NOT is_foreign
    AND is_wanted(rules.told, began_at, client, label_index, model, agent)
    AND interaction > $after
    AND NOT EXISTS (
        SELECT 1
        FROM erased_interactions
        WHERE erased_interactions.interaction = copies.interaction
    )
ORDER BY interaction
LIMIT $limit;

-- name: disposal_turns
-- The turns of the conversations $roots.
SELECT interaction, previous, state
FROM copies_among(NULL, $roots)
WHERE NOT is_foreign
ORDER BY interaction;

-- name: disposal_holds
-- Interactions that holds protect now.
SELECT DISTINCT interaction
FROM protected_interactions
ORDER BY interaction;

-- name: disposal_controls
-- Copies of the clients $scope that should be there at $now_us: nothing was ever done to them.
SELECT interaction, api_version, api_revision
FROM copies
WHERE
    list_contains($scope, client)
    AND is_stored
    AND is_ended
    AND create_status BETWEEN 200 AND 299
    AND api_version IS NOT NULL
    AND state IS NULL
    AND deleted_at IS NULL
    AND expires_earliest > make_timestamp($now_us)
    AND interaction NOT IN (SELECT unnest(string_split($interactions, chr(10))))
ORDER BY began_at DESC
LIMIT 3;

-- name: disposal_witnesses
-- Exchanges that show what became of $interaction; controls are looks at others, between its own.
WITH own AS (
    SELECT exchange, operation AS what, status, ended_at
    FROM exchanges
    INNER JOIN exchanges_telling(hash_of($interaction)) AS telling USING (exchange, interaction)
    WHERE
        exchanges.sequence = telling.number
        AND interaction = $interaction
        AND (purpose != 'client' OR operation = 'delete')
        AND (NOT is_own_answer OR status = 424)
),

asked AS (
    SELECT data ->> '$.control' AS interaction, min(seen_at) AS first_at, max(seen_at) AS last_at
    FROM acts
    WHERE
        acts.interaction = $interaction
        AND kind = 'disposal'
        AND (data ->> '$.event') = 'ControlLooked'
    GROUP BY ALL
)

SELECT exchange, what, status, epoch_us(ended_at) AS at_us
FROM own
UNION ALL
SELECT exchange, 'control' AS what, exchanges.status, epoch_us(exchanges.ended_at) AS at_us
FROM exchanges
INNER JOIN asked
    ON exchanges.interaction = asked.interaction
    OR (asked.interaction = 'models' AND exchanges.operation = 'models')
WHERE
    exchanges.purpose = 'verify'
    AND exchanges.started_at >= (SELECT min(ended_at) FROM own)
    AND exchanges.ended_at <= asked.last_at
ORDER BY at_us, exchange;

-- name: disposal_news
-- Whether there may be more to do than at the last look: other numbers than then.
SELECT
    (
        SELECT count(*)
        FROM acts
        WHERE
            kind IN ('hold', 'release', 'disposal', 'erasure')
            AND actor IS DISTINCT FROM 'steward'
            AND seen_at >= make_timestamp($since_us)
    ) AS acts,
    (
        SELECT count(*)
        FROM exchanges
        WHERE operation = 'delete' AND purpose = 'client' AND ended_at >= make_timestamp($since_us)
    ) AS deletes;

-- name: disposal_clock
-- Upstream's clock minus ours, median of the last thousand answers, and the latest instant on record.
WITH dated AS (
    SELECT epoch_us(date_at) - epoch_us(ended_at) AS skew
    FROM exchanges
    WHERE date_at IS NOT NULL AND ended_at >= make_timestamp($since_us)
    ORDER BY ended_at DESC
    LIMIT 1000
)

SELECT
    (SELECT median(skew)::BIGINT FROM dated) AS skew_us,
    greatest(
        (SELECT epoch_us(max(ended_at)) FROM exchanges),
        (SELECT epoch_us(max(seen_at)) FROM acts)
    ) AS last_us;

-- name: receipts_told
-- Receipts, the latest first; of $interaction (null: all).
SELECT interaction, epoch_us(seen_at) AS made_us, data
FROM acts
WHERE kind = 'receipt' AND (interaction = $interaction OR $interaction IS NULL)
ORDER BY seen_at DESC, act
LIMIT $limit;

-- name: retention_due
-- Copies with an open duty, or that a person has to look at, due before $until_us; the earliest first.
SELECT
    interaction,
    client,
    state,
    due_at,
    expires_earliest,
    expires_latest,
    is_held,
    needs_person,
    flags
FROM audit.retention
WHERE
    state IS NOT NULL
    AND NOT list_contains($finals, state)
    AND (due_at <= make_timestamp($until_us) OR needs_person)
ORDER BY due_at, interaction
LIMIT $limit;

-- name: retention_forecast
-- Conversations that may become unusable before $until_us, what stays beyond its time, what is overdue, at $now_us.
-- Of all copies few columns are read, several times, and nothing of them is kept but numbers of those that are looked for:
-- whole rows of a million are more than the recorder's memory. As lists, since DuckDB takes the smaller side for the larger.
WITH stored AS NOT MATERIALIZED (
    SELECT interaction, previous, expires_earliest, due_at
    FROM copies
    WHERE is_stored AND deleted_at IS NULL AND (state IS NULL OR NOT list_contains($finals, state))
),

leaving AS MATERIALIZED (
    SELECT interaction, hash(interaction) AS number, expires_earliest, least(expires_earliest, due_at) AS leaves_at
    FROM stored
    WHERE
        least(expires_earliest, due_at) <= make_timestamp($until_us)
        AND greatest(expires_earliest, due_at) >= make_timestamp($now_us)
),

continued AS MATERIALIZED (
    SELECT hash(later.previous) AS number
    FROM copies AS later
    WHERE hash(later.previous) IN (SELECT unnest(list(leaving.number)) FROM leaving)
),

-- One look at all copies for both, since each look has joins with memory of their own: with one more, a million copies were
-- too many for the recorder. What is overdue is stored, as above.
late AS (
    SELECT
        interaction,
        unnest([
            struct_pack(what := 'overdue', happens_at := due_at, note := 'its deletion at Google was due'),
            struct_pack(what := 'overstay', happens_at := expires_latest, note := 'served after it should have expired')
        ][if(is_overdue, 1, 2):if(is_overstaying, 2, 1)], recursive := TRUE)
    FROM (
        SELECT
            interaction,
            due_at,
            expires_latest,
            coalesce(
                is_stored
                AND deleted_at IS NULL
                AND (state IS NULL OR NOT list_contains($finals, state))
                AND due_at < make_timestamp($now_us),
                FALSE
            ) AS is_overdue,
            contains(coalesce(flags, ''), 'overstay') AS is_overstaying
        FROM copies
    )
    WHERE is_overdue OR is_overstaying
),

turns AS MATERIALIZED (
    SELECT hash(interaction) AS number, hash(previous) AS before, expires_earliest
    FROM stored
    WHERE previous IS NOT NULL
),

gone AS MATERIALIZED (
    SELECT hash(interaction) AS number, coalesce(deleted_at, disposed_at) AS gone_at
    FROM copies
    WHERE
        (deleted_at IS NOT NULL OR list_contains($finals, state))
        AND hash(interaction) IN (SELECT unnest(list(turns.before)) FROM turns)
),

-- Creates of which no answer names an id.
unnamed AS MATERIALIZED (
    SELECT exchange, hash(exchange) AS number, started_at, coalesce(status BETWEEN 200 AND 299, FALSE) AS is_good
    FROM exchanges
    WHERE
        operation = 'create'
        AND outcome != 'refused'
        AND started_at > make_timestamp($now_us) - INTERVAL 56 DAY
        -- No answer, one that leaves it open, or a good one that named no id though it was not told to store nothing.
        AND coalesce(status NOT BETWEEN 400 AND 499 OR status IN (408, 409, 429), TRUE)
        AND (interaction IS NULL OR starts_with(interaction, 'exchange:'))
),

answered AS MATERIALIZED (
    SELECT
        hash(exchange) AS number,
        bool_or(interaction_id IS NOT NULL) AS has_id,
        bool_or(how = 'created' AND store = 'false') AS is_not_stored
    FROM observations
    WHERE hash(exchange) IN (SELECT unnest(list(unnamed.number)) FROM unnamed)
    GROUP BY ALL
),

found AS MATERIALIZED (
    SELECT
        'expires' AS what,
        interaction,
        NULL::UBIGINT AS turn,
        expires_earliest AS happens_at,
        'the conversation cannot be continued from here then' AS note
    FROM leaving
    WHERE
        expires_earliest BETWEEN make_timestamp($now_us) AND make_timestamp($until_us)
        AND number NOT IN (SELECT continued.number FROM continued)
    UNION ALL
    SELECT late.what, late.interaction, NULL, late.happens_at, late.note
    FROM late
    UNION ALL
    SELECT 'orphan', unnamed.exchange, NULL, unnamed.started_at, 'a create without an answer: it may be stored'
    FROM unnamed
    LEFT JOIN answered ON answered.number = unnamed.number
    WHERE
        NOT coalesce(answered.has_id, FALSE)
        AND NOT (coalesce(answered.is_not_stored, FALSE) AND unnamed.is_good)
    UNION ALL
    SELECT
        'orphan_turn',
        NULL,
        turns.number,
        gone.gone_at,
        'the turn before it is gone: it may not be continued any more'
    FROM turns
    INNER JOIN gone ON gone.number = turns.before
    UNION ALL
    SELECT
        'orphan_turn',
        NULL,
        turns.number,
        leaving.leaves_at,
        'the turn before it goes then: it may not be continued any more'
    FROM turns
    INNER JOIN leaving ON leaving.number = turns.before
    WHERE
        leaving.leaves_at BETWEEN make_timestamp($now_us) AND make_timestamp($until_us)
        AND leaving.leaves_at < turns.expires_earliest
    ORDER BY happens_at, what, interaction, turn
    LIMIT $limit
),

-- Of turns only those that are told of need their names.
named AS (
    SELECT hash(interaction) AS number, interaction
    FROM stored
    WHERE hash(interaction) IN (SELECT unnest(list(found.turn)) FROM found WHERE found.turn IS NOT NULL)
)

SELECT
    found.what,
    coalesce(found.interaction, named.interaction) AS interaction,
    found.happens_at,
    found.note
FROM found
LEFT JOIN named ON named.number = found.turn
ORDER BY found.happens_at, found.what, 2;

-- name: retention_all
-- Copies that may lie at Google, the latest first.
SELECT
    interaction,
    client,
    store,
    began_at,
    expires_earliest,
    expires_latest,
    state,
    due_at,
    is_held,
    needs_person
FROM audit.retention
WHERE is_stored
ORDER BY began_at DESC, interaction
LIMIT $limit;

-- name: retention_now
-- How copies at Google stand at $now_us: how many may lie there, what is late, what a person has to look at.
SELECT
    count(*) FILTER (
        WHERE
            is_stored
            AND deleted_at IS NULL
            AND expires_latest > make_timestamp($now_us)
            AND (state IS NULL OR NOT list_contains($finals, state))
    ) AS stored,
    count(*) FILTER (
        WHERE
            due_at < make_timestamp($now_us)
            AND NOT is_held
            AND NOT list_contains($finals, state)
    ) AS overdue,
    coalesce(
        max($now_us - epoch_us(due_at)) FILTER (
            WHERE
                due_at < make_timestamp($now_us)
                AND NOT is_held
                AND NOT list_contains($finals, state)
        ),
        0
    ) // 1000000 AS deletion_lag_seconds,
    count(*) FILTER (
        WHERE due_at >= make_timestamp($now_us) AND NOT list_contains($finals, state)
    ) AS scheduled,
    (SELECT count(*) FROM holds WHERE released_at IS NULL) AS held,
    count(*) FILTER (
        WHERE contains(coalesce(flags, ''), 'overstay') AND NOT list_contains($finals, state)
    ) AS overstaying,
    count(*) FILTER (
        WHERE contains(coalesce(flags, ''), 'resurrected') AND NOT list_contains($finals, state)
    ) AS resurrected,
    count(*) FILTER (
        WHERE
            is_stored
            AND deleted_at IS NULL
            AND (state IS NULL OR NOT list_contains($finals, state))
            AND expires_earliest BETWEEN make_timestamp($now_us) AND make_timestamp($soon_us)
    ) AS expiring,
    count(*) FILTER (WHERE state = 'denied') AS denied,
    count(*) FILTER (WHERE state = 'rejected') AS rejected,
    count(*) FILTER (WHERE state = 'not_effective') AS not_effective
FROM audit.retention;
