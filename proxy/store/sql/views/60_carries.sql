-- Which exchanges hold an interaction's content: what an erasure has to look at.
--
-- `created`, `read` and `resumed` say so themselves. `quoted` ones are about another interaction and repeat
-- this one: a stateless caller sends the whole conversation again, an SDK sends a failed create again, a
-- hop that is not stored sends its question again. They are known by keyed digests of their steps, which
-- compare within a day and with the day before; older turns are found through the turn between.
--
-- The macros take the interactions that are looked for, by the hashes of their ids, in decimal between commas, so that an
-- erasure reads little; NULL: all. A list as a parameter costs DuckDB 1.5.5 250 us an element where no pandas is installed, a text nothing; strings of
-- rows that a join throws away are unpacked first, hence the joins by rowid. Steps lie between two instants, NULL: any; they are
-- seen when their exchange shows the interaction.

CREATE OR REPLACE MACRO how_shown(how) AS
CASE how WHEN 'created' THEN 'created' WHEN 'resumed' THEN 'resumed' ELSE 'read' END;

-- What was asked, steps, or what else stands beside them; a deletion and many a poll show nothing.
CREATE OR REPLACE MACRO has_content(how, input_step_count, output_step_count, about_ref) AS
(how = 'created' OR input_step_count + output_step_count > 0 OR about_ref IS NOT NULL);

-- A hop sends the settings of the hop before again: instructions, declarations, labels.
CREATE OR REPLACE MACRO is_hop(how, is_continuation, previous_hash, settings_sent) AS (
    how = 'created'
    AND is_continuation
    AND previous_hash IS NOT NULL
    AND coalesce(settings_sent, 'not known') != ''
);

CREATE OR REPLACE MACRO answers_given(wanted, since, until) AS TABLE (
    WITH answered AS (
        SELECT interaction, chain_mac, step_mac
        FROM steps
        WHERE side = 'output'
            AND (chain_mac IS NOT NULL OR step_mac IS NOT NULL)
            AND (since IS NULL OR seen_at BETWEEN since AND until)
            AND (wanted IS NULL OR id_hash IN (SELECT unnest(string_split(wanted, ',')::UBIGINT[])))
    )

    SELECT
        interaction,
        md5_number_lower(unnest(string_split(chain_mac, ','))) AS mac_hash,
        TRUE AS is_chain
    FROM answered
    UNION
    SELECT
        interaction,
        md5_number_lower(unnest(string_split(step_mac, ','))) AS mac_hash,
        FALSE AS is_chain
    FROM answered
);

CREATE OR REPLACE MACRO quoted_answers(wanted) AS TABLE (
    WITH given AS MATERIALIZED (
        FROM answers_given(wanted, NULL::TIMESTAMP, NULL::TIMESTAMP)
    )

    SELECT repeats.exchange, repeats.interaction AS about, given.interaction
    FROM repeats
    INNER JOIN given ON given.mac_hash = repeats.mac_hash
    WHERE given.interaction != repeats.interaction
        AND (wanted IS NULL OR repeats.rowid IN (
            SELECT found.rowid FROM repeats AS found
            WHERE found.mac_hash IN (SELECT told.mac_hash FROM given AS told)
        ))
);

-- Where the caller's own words end. Those of an unanswered turn have no answer to be known by.
CREATE OR REPLACE MACRO unanswered_of(wanted, since, until) AS TABLE (
    WITH questions AS (
        SELECT
            exchange,
            interaction,
            arg_max(string_split(chain_mac, ','), step_index) AS chain_macs
        FROM steps
        WHERE side = 'input'
            AND type IN ('user_input', 'function_result')
            AND (chain_mac IS NOT NULL OR step_mac IS NOT NULL)
            AND (since IS NULL OR seen_at BETWEEN since AND until)
            AND (wanted IS NULL OR id_hash IN (SELECT unnest(string_split(wanted, ',')::UBIGINT[])))
        GROUP BY exchange, interaction
    ),

    told AS (
        SELECT exchange, interaction, has_continuation_token
        FROM observations
        WHERE how = 'created'
            AND (wanted IS NULL OR observations.rowid IN (
        SELECT found.rowid FROM observations AS found
        WHERE found.id_hash IN (SELECT unnest(string_split(wanted, ',')::UBIGINT[]))
    ))
            AND (
                has_continuation_token
                OR id_hash NOT IN (
                    SELECT steps.id_hash
                    FROM steps
                    WHERE side = 'output'
                        AND (chain_mac IS NOT NULL OR step_mac IS NOT NULL)
                        AND (since IS NULL OR seen_at BETWEEN since AND until)
                        AND (wanted IS NULL OR id_hash IN (SELECT unnest(string_split(wanted, ',')::UBIGINT[])))
                )
            )
    )

    SELECT
        questions.exchange,
        questions.interaction,
        questions.chain_macs,
        told.has_continuation_token
    FROM questions
    INNER JOIN told
        ON told.exchange = questions.exchange AND told.interaction = questions.interaction
);

-- The same question alone, asked every second in vain, would be quoted by each other one: only those
-- soon after count.
CREATE OR REPLACE MACRO quoted_questions(wanted, since, until) AS TABLE (
    WITH unanswered AS (
        SELECT
            told.interaction,
            unnest(told.chain_macs) AS mac,
            told.has_continuation_token,
            created.client,
            created.started_at
        FROM unanswered_of(wanted, since, until) AS told
        INNER JOIN exchanges AS created
            ON created.sequence = number_of(told.exchange) AND created.exchange = told.exchange
    ),

    -- Those alone that repeat one, with all that they sent: few of many.
    repeating AS (
        SELECT DISTINCT exchange, interaction, id_hash, seen_at
        FROM (
            SELECT exchange, interaction, id_hash, seen_at, unnest(string_split(chain_mac, ',')) AS mac
            FROM steps
            WHERE side = 'input' AND type IN ('user_input', 'function_result') AND chain_mac IS NOT NULL
                AND (since IS NULL OR seen_at BETWEEN since AND until)
        )
        WHERE mac IN (SELECT unanswered.mac FROM unanswered)
    ),

    asked AS (
        SELECT
            marked.exchange,
            marked.interaction,
            unnest(string_split(marked.chain_mac, ',')) AS mac,
            marked.step_index = max(marked.step_index) OVER (
                PARTITION BY marked.exchange, marked.interaction
            ) AS is_last,
            coalesce(observations.is_continuation, FALSE) AS is_continuation,
            carried.client,
            carried.started_at
        FROM steps AS marked
        INNER JOIN repeating
            ON repeating.seen_at = marked.seen_at
            AND repeating.id_hash = marked.id_hash
            AND repeating.exchange = marked.exchange
            AND repeating.interaction = marked.interaction
        INNER JOIN observations
            ON observations.id_hash = marked.id_hash
            AND observations.exchange = marked.exchange
            AND observations.interaction = marked.interaction
        INNER JOIN exchanges AS carried
            ON carried.sequence = number_of(marked.exchange) AND carried.exchange = marked.exchange
        WHERE marked.side = 'input'
            AND marked.type IN ('user_input', 'function_result')
            AND (marked.chain_mac IS NOT NULL OR marked.step_mac IS NOT NULL)
    )

    SELECT asked.exchange, asked.interaction AS about, unanswered.interaction
    FROM asked
    INNER JOIN unanswered
        ON unanswered.mac = asked.mac
        AND unanswered.interaction != asked.interaction
        AND CASE
            WHEN asked.is_continuation THEN unanswered.client IS NOT DISTINCT FROM asked.client
            WHEN unanswered.has_continuation_token THEN FALSE
            WHEN NOT asked.is_last THEN TRUE
            ELSE unanswered.client IS NOT DISTINCT FROM asked.client
                AND asked.started_at BETWEEN unanswered.started_at
                AND unanswered.started_at + INTERVAL 2 MINUTE
        END
);

CREATE OR REPLACE MACRO hops_after(wanted) AS TABLE (
    SELECT exchange, interaction AS about, id_hash AS about_hash, previous_hash
    FROM observations
    WHERE is_hop(how, is_continuation, previous_hash, settings_sent)
        AND (wanted IS NULL OR previous_hash IN (SELECT unnest(string_split(wanted, ',')::UBIGINT[])))
);

-- Attempts of one wish have the same body, whichever of them was heard. They lie between two instants.
CREATE OR REPLACE MACRO quoted_attempts(wanted, since, until) AS TABLE (
    WITH retried AS MATERIALIZED (
        SELECT first_exchange, exchange FROM retries_between(since, until)
    ),

    attempts AS (
        SELECT first_exchange, exchange FROM retried
        UNION
        SELECT first_exchange, first_exchange AS exchange FROM retried
    ),

    attempts_told AS (
        SELECT
            attempts.first_exchange,
            attempts.exchange,
            observations.interaction,
            observations.id_hash
        FROM attempts
        INNER JOIN observations
            ON observations.exchange = attempts.exchange AND observations.how = 'created'
    )

    SELECT one.exchange, one.interaction AS about, other.interaction
    FROM attempts_told AS one
    INNER JOIN attempts_told AS other
        ON other.first_exchange = one.first_exchange AND other.interaction != one.interaction
    WHERE wanted IS NULL OR other.id_hash IN (SELECT unnest(string_split(wanted, ',')::UBIGINT[]))
);

-- The last turn of the day before in a repeated conversation: it held what is older.
CREATE OR REPLACE MACRO bridges_over(wanted) AS TABLE (
    -- Those alone that were sent again on another day: of all there are too many to be kept.
    WITH answered AS MATERIALIZED (
        FROM answers_given(wanted, NULL::TIMESTAMP, NULL::TIMESTAMP)
        WHERE is_chain AND mac_hash IN (SELECT again.mac_hash FROM repeats AS again WHERE again.is_before)
    ),

    near AS MATERIALIZED (
        SELECT DISTINCT repeats.exchange
        FROM repeats
        INNER JOIN answered ON answered.mac_hash = repeats.mac_hash
        WHERE repeats.is_before AND answered.is_chain AND answered.interaction != repeats.interaction
            AND (wanted IS NULL OR repeats.rowid IN (
                SELECT found.rowid FROM repeats AS found
                WHERE found.is_before
                    AND found.mac_hash IN (SELECT told.mac_hash FROM answered AS told)
            ))
    ),

    repeated AS MATERIALIZED (
        SELECT exchange, interaction, step_index, mac_hash
        FROM repeats
        WHERE is_before AND exchange IN (SELECT near.exchange FROM near)
    ),

    given AS (
        SELECT interaction, mac_hash
        FROM (
            SELECT interaction, md5_number_lower(unnest(string_split(chain_mac, ','))) AS mac_hash
            FROM steps
            WHERE side = 'output' AND chain_mac IS NOT NULL AND EXISTS (FROM repeated)
        )
        WHERE mac_hash IN (SELECT repeated.mac_hash FROM repeated)
    )

    SELECT
        repeated.exchange,
        repeated.interaction AS about,
        arg_max(given.interaction, repeated.step_index) AS bridge
    FROM repeated
    INNER JOIN given ON given.mac_hash = repeated.mac_hash
    WHERE given.interaction != repeated.interaction
    GROUP BY repeated.exchange, repeated.interaction
);

CREATE OR REPLACE VIEW quotations AS
WITH RECURSIVE bridges AS MATERIALIZED (
    FROM bridges_over(NULL)
),

hops AS MATERIALIZED (
    FROM hops_after(NULL)
),

hops_before AS (
    SELECT hops.exchange, hops.about, hops.about_hash, hop_before.interaction
    FROM hops
    INNER JOIN (SELECT DISTINCT interaction, id_hash FROM observations) AS hop_before
        ON hop_before.id_hash = hops.previous_hash
    UNION
    SELECT hops.exchange, hops.about, hops.about_hash, hops_before.interaction
    FROM hops_before
    INNER JOIN hops ON hops.previous_hash = hops_before.about_hash
),

direct AS (
    FROM quoted_answers(NULL)
    UNION
    FROM quoted_questions(NULL, NULL::TIMESTAMP, NULL::TIMESTAMP)
    UNION
    FROM quoted_attempts(NULL, '-infinity'::TIMESTAMP, 'infinity'::TIMESTAMP)
    UNION
    SELECT exchange, about, interaction
    FROM hops_before
),

quoting AS (
    SELECT exchange, about, interaction
    FROM direct
    UNION
    SELECT bridges.exchange, bridges.about, quoting.interaction
    FROM quoting
    INNER JOIN bridges ON bridges.bridge = quoting.about
)

SELECT DISTINCT exchange, interaction
FROM quoting
WHERE interaction != about;
COMMENT ON VIEW quotations IS
    'Exchanges that repeat what was said in an interaction they are not about. For the view carries.';

CREATE OR REPLACE MACRO carried_by(wanted) AS TABLE (
    SELECT
        exchange,
        interaction,
        how_shown(how) AS how,
        seen_at,
        has_continuation_token
    FROM observations
    WHERE has_content(how, input_step_count, output_step_count, about_ref)
        AND (wanted IS NULL OR observations.rowid IN (
        SELECT found.rowid FROM observations AS found
        WHERE found.id_hash IN (SELECT unnest(string_split(wanted, ',')::UBIGINT[]))
    ))
    UNION
    SELECT exchange, interaction, how, NULL AS seen_at, NULL AS has_continuation_token
    FROM unread
    WHERE wanted IS NULL OR id_hash IN (SELECT unnest(string_split(wanted, ',')::UBIGINT[]))
);

-- What the view below says of one interaction: of all of a million it is more than the memory that DuckDB has in the recorder.
CREATE OR REPLACE MACRO carries_of(hash, named) AS TABLE (
    WITH RECURSIVE own AS MATERIALIZED (
        SELECT DISTINCT exchange, interaction, how
        FROM carried_by(hash::VARCHAR)
        WHERE interaction = named
    ),

    bridges AS MATERIALIZED (
        FROM bridges_over(NULL)
    ),

    hops AS MATERIALIZED (
        FROM hops_after(NULL)
    ),

    hops_behind AS (
        SELECT exchange, about, about_hash
        FROM hops
        WHERE previous_hash = hash
        UNION
        SELECT hops.exchange, hops.about, hops.about_hash
        FROM hops_behind
        INNER JOIN hops ON hops.previous_hash = hops_behind.about_hash
    ),

    quoting AS (
        SELECT exchange, about
        FROM (
            FROM quoted_answers(hash::VARCHAR)
            UNION
            FROM quoted_questions(hash::VARCHAR, NULL::TIMESTAMP, NULL::TIMESTAMP)
            UNION
            FROM quoted_attempts(hash::VARCHAR, '-infinity'::TIMESTAMP, 'infinity'::TIMESTAMP)
        )
        WHERE interaction = named
        UNION
        SELECT exchange, about
        FROM hops_behind
        UNION
        SELECT bridges.exchange, bridges.about
        FROM quoting
        INNER JOIN bridges ON bridges.bridge = quoting.about
    )

    SELECT exchange, interaction, how
    FROM own
    UNION ALL
    SELECT DISTINCT exchange, named AS interaction, 'quoted' AS how
    FROM quoting
    WHERE about != named AND exchange NOT IN (SELECT own.exchange FROM own)
);

CREATE OR REPLACE VIEW carries AS
WITH own AS (
    FROM carried_by(NULL)
)

SELECT exchange, interaction, how
FROM own
UNION ALL
SELECT
    quotations.exchange,
    quotations.interaction,
    'quoted' AS how
FROM quotations
ANTI JOIN own
    ON own.exchange = quotations.exchange AND own.interaction = quotations.interaction;
COMMENT ON VIEW carries IS
    'Every exchange that holds content of an interaction: created, read, resumed, or quoted by another.';
