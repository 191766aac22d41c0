-- Holds and erasures, as acts tell of them.

CREATE OR REPLACE VIEW holds AS
WITH released AS (
    SELECT
        json_extract_string(data, '$.hold') AS hold,
        min(seen_at) AS released_at,
        min_by(actor, seen_at) AS released_by
    FROM acts
    WHERE kind = 'release'
    GROUP BY 1
)

SELECT
    placed.act AS hold,
    placed.interaction,
    coalesce(json_extract_string(placed.data, '$.reach') = 'conversation', FALSE) AS is_conversation,
    placed.seen_at AS placed_at,
    placed.actor,
    placed.detail AS reason,
    released.released_at,
    released.released_by
FROM (SELECT DISTINCT ON (act) * FROM acts WHERE kind = 'hold' ORDER BY act, seen_at) AS placed
LEFT JOIN released ON released.hold = placed.act;
COMMENT ON VIEW holds IS
    'Legal holds: what nobody may erase, since when, until when. It and all turns before it.';

CREATE OR REPLACE VIEW erased_exchanges AS
SELECT DISTINCT unnest(from_json(json_extract(data, '$.exchanges'), '["VARCHAR"]')) AS exchange
FROM acts
WHERE kind = 'erased';
COMMENT ON VIEW erased_exchanges IS 'Exchanges whose keys are destroyed: their content cannot be opened.';

CREATE OR REPLACE VIEW erased_interactions AS
WITH told AS (
    SELECT
        unnest(from_json(json_extract(data, '$.interactions'), '["VARCHAR"]')) AS interaction,
        seen_at,
        json_extract_string(data, '$.erasure') AS erasure
    FROM acts
    WHERE kind = 'erased' AND json_extract(data, '$.interactions') IS NOT NULL
)

SELECT
    interaction,
    min(seen_at) AS erased_at,
    min_by(erasure, seen_at) AS erasure
FROM told
GROUP BY interaction;
COMMENT ON VIEW erased_interactions IS 'Interactions whose content was erased here, and when.';

CREATE OR REPLACE VIEW erasures_deferred AS
WITH told AS (
    SELECT
        act,
        coalesce(json_extract_string(data, '$.erasure'), act) AS erasure,
        actor,
        detail AS reason,
        coalesce(json_extract_string(data, '$.quoted') = 'true', FALSE) AS with_quoted,
        CASE json_extract_string(data, '$.reach')
            WHEN 'descendants' THEN 'descendants' WHEN 'thread' THEN 'thread' ELSE 'node'
        END AS reach,
        coalesce(json_extract_string(data, '$.bypass') = 'true', FALSE) AS is_bypassing,
        data
    FROM acts
    WHERE kind = 'erasure' AND json_extract_string(data, '$.step') = 'deferred'
),

wanted AS (
    SELECT
        unnest(from_json(json_extract(data, '$.deferred'), '["VARCHAR"]')) AS interaction,
        erasure,
        actor,
        reason,
        with_quoted,
        reach,
        is_bypassing
    FROM told
    WHERE json_extract(data, '$.deferred') IS NOT NULL
),

-- Exchanges that also hold what is held: interaction and exchange.
spared AS (
    SELECT
        unnest(from_json(json_extract(data, '$.spared'), '[["VARCHAR"]]')) AS pair,
        erasure,
        actor,
        reason,
        with_quoted,
        reach,
        is_bypassing
    FROM told
    WHERE json_extract(data, '$.spared') IS NOT NULL
)

SELECT
    interaction,
    erasure,
    actor,
    reason,
    with_quoted,
    NULL AS exchange,
    reach,
    is_bypassing
FROM wanted
WHERE interaction NOT IN (SELECT erased_interactions.interaction FROM erased_interactions)
UNION
SELECT
    pair[2] AS interaction,
    erasure,
    actor,
    reason,
    with_quoted,
    pair[1] AS exchange,
    reach,
    is_bypassing
FROM spared
WHERE pair[1] NOT IN (SELECT erased_exchanges.exchange FROM erased_exchanges);
COMMENT ON VIEW erasures_deferred IS 'What was to be erased and is held: done when the last hold ends.';

-- Without content, as all rows without content tell of an interaction, but for its conversation.
CREATE OR REPLACE VIEW told_turns AS
SELECT
    CASE WHEN shows THEN exchange ELSE '' END AS exchange,
    interaction,
    CASE WHEN shows THEN how_shown(how) ELSE '' END AS how,
    CASE WHEN shows THEN epoch_us(seen_at) ELSE 0 END AS seen_us,
    previous_interaction_id AS previous,
    previous_hash,
    root_hash,
    shows AS has_content,
    shows AND coalesce(has_continuation_token, FALSE) AS has_token,
    shows AND coalesce(is_streaming, TRUE) AS is_streaming,
    coalesce(is_hop(how, is_continuation, previous_hash, settings_sent), FALSE) AS is_hop,
    place
FROM (
    SELECT
        *,
        rowid AS place,
        has_content(how, input_step_count, output_step_count, about_ref) AS shows
    FROM observations
);
COMMENT ON VIEW told_turns IS
    'Observations as an erasure looks at them, by the numbers of their rows. For the views, not for people.';

-- All turns of the conversations in which something is held. Ids tell their first turn; where they do not, turns are tied by
-- their links alone, so others are looked for until none is left: few rounds of few rows, none where nothing is held. As a list,
-- since DuckDB 1.5.5 takes a recursion for large: it put all turns into a hash table to look for none, 80 ms of 360,000.
CREATE OR REPLACE VIEW turns_around_holds AS
WITH RECURSIVE reached AS (
    SELECT root_hash
    FROM observations
    WHERE id_hash IN (SELECT hash_of(holds.interaction) FROM holds WHERE holds.released_at IS NULL)
    UNION
    (
        SELECT earlier.root_hash
        FROM observations AS earlier
        WHERE earlier.id_hash IN (
            SELECT own.previous_hash
            FROM observations AS own
            WHERE own.root_hash IN (SELECT unnest(list(reached.root_hash)) FROM reached)
        )
        UNION ALL
        SELECT later.root_hash
        FROM observations AS later
        WHERE later.previous_hash IN (
            SELECT own.id_hash
            FROM observations AS own
            WHERE own.root_hash IN (SELECT unnest(list(reached.root_hash)) FROM reached)
        )
    )
)

SELECT interaction, root_hash, max(previous_interaction_id) AS previous
FROM observations
WHERE observations.rowid IN (
    SELECT own.rowid
    FROM observations AS own
    WHERE own.root_hash IN (SELECT unnest(list(reached.root_hash)) FROM reached)
)
GROUP BY interaction, root_hash;
COMMENT ON VIEW turns_around_holds IS 'Turns beside what is held. For the views, not for people.';

CREATE OR REPLACE VIEW protected_interactions AS
WITH RECURSIVE turns AS MATERIALIZED (
    SELECT interaction, root_hash, previous FROM turns_around_holds
),

ties AS MATERIALIZED (
    SELECT turns.root_hash AS one, before.root_hash AS other
    FROM turns
    INNER JOIN turns AS before ON before.interaction = turns.previous
    WHERE before.root_hash != turns.root_hash
),

-- The conversations that are held as such, with what is tied to them.
held_roots AS (
    SELECT holds.hold, turns.root_hash
    FROM holds
    INNER JOIN turns ON turns.interaction = holds.interaction
    WHERE holds.released_at IS NULL AND holds.is_conversation
    UNION
    SELECT
        held_roots.hold,
        CASE ties.one WHEN held_roots.root_hash THEN ties.other ELSE ties.one END AS root_hash
    FROM held_roots
    INNER JOIN ties ON held_roots.root_hash IN (ties.one, ties.other)
),

protected AS (
    SELECT hold, interaction, is_conversation
    FROM holds
    WHERE released_at IS NULL
    UNION
    SELECT held_roots.hold, turns.interaction, TRUE AS is_conversation
    FROM held_roots
    INNER JOIN turns ON turns.root_hash = held_roots.root_hash
    UNION
    SELECT protected.hold, turns.previous AS interaction, protected.is_conversation
    FROM protected
    INNER JOIN turns ON turns.interaction = protected.interaction
    WHERE turns.previous IS NOT NULL
)

SELECT hold, interaction, is_conversation
FROM protected;
COMMENT ON VIEW protected_interactions IS
    'What holds in force protect: what they name and all turns before it, or all turns of its conversation.';
