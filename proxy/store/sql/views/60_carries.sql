-- Which exchanges hold an interaction's content: what an erasure has to look at.
--
-- `created`, `read` and `resumed` say so themselves. `quoted` ones are about another interaction and repeat
-- this one: a stateless caller sends the whole conversation again, an SDK sends a failed create again, a
-- hop that is not stored sends its question again. They are known by keyed digests of their steps, which
-- compare within a day and with the day before; older turns are found through the turn between.

CREATE OR REPLACE VIEW quotations AS
WITH RECURSIVE marked AS MATERIALIZED (
    SELECT
        exchange,
        interaction,
        side,
        step_index,
        side = 'input' AND type IN ('model_output', 'function_call') AS is_repeated,
        type IN ('user_input', 'function_result') AS is_callers,
        string_split(chain_mac, ',') AS chain_macs,
        string_split(step_mac, ',') AS step_macs
    FROM steps
    WHERE chain_mac IS NOT NULL OR step_mac IS NOT NULL
),

-- What was answered, by each digest it can be known by.
given AS (
    SELECT
        interaction,
        unnest(chain_macs) AS mac,
        TRUE AS is_chain
    FROM marked
    WHERE side = 'output'
    UNION
    SELECT
        interaction,
        unnest(step_macs) AS mac,
        FALSE AS is_chain
    FROM marked
    WHERE side = 'output'
),

-- What was sent again. The second digest of two is under the key of the day before.
repeated AS (
    SELECT
        exchange,
        interaction,
        step_index,
        unnest(chain_macs) AS mac,
        unnest(range(len(chain_macs))) = 1 AS is_before
    FROM marked
    WHERE is_repeated
    UNION ALL
    SELECT
        exchange,
        interaction,
        step_index,
        unnest(step_macs) AS mac,
        unnest(range(len(step_macs))) = 1 AS is_before
    FROM marked
    WHERE is_repeated
),

matched AS MATERIALIZED (
    SELECT
        repeated.exchange,
        repeated.interaction AS about,
        repeated.step_index,
        repeated.is_before AND given.is_chain AS is_day_before,
        given.interaction
    FROM repeated
    INNER JOIN given ON given.mac = repeated.mac
    WHERE given.interaction != repeated.interaction
),

-- The last turn of the day before in a repeated conversation: it held what is older.
bridges AS (
    SELECT
        exchange,
        about,
        arg_max(interaction, step_index) AS bridge
    FROM matched
    WHERE is_day_before
    GROUP BY exchange, about
),

-- Where the caller's own words end. Those of an unanswered turn have no answer to be known by.
questions AS MATERIALIZED (
    SELECT
        exchange,
        interaction,
        arg_max(chain_macs, step_index) AS chain_macs
    FROM marked
    WHERE side = 'input' AND is_callers
    GROUP BY exchange, interaction
),

unanswered AS (
    SELECT
        questions.interaction,
        unnest(questions.chain_macs) AS mac,
        observations.has_continuation_token,
        created.client,
        created.started_at
    FROM questions
    INNER JOIN observations
        ON observations.exchange = questions.exchange
        AND observations.interaction = questions.interaction
        AND observations.how = 'created'
    INNER JOIN exchanges AS created ON created.exchange = questions.exchange
    WHERE observations.has_continuation_token
        OR questions.interaction NOT IN (
            SELECT marked.interaction FROM marked WHERE marked.side = 'output'
        )
),

asked AS (
    SELECT
        marked.exchange,
        marked.interaction,
        unnest(marked.chain_macs) AS mac,
        marked.step_index = max(marked.step_index) OVER (
            PARTITION BY marked.exchange, marked.interaction
        ) AS is_last,
        coalesce(observations.is_continuation, FALSE) AS is_continuation,
        carried.client,
        carried.started_at
    FROM marked
    INNER JOIN observations
        ON observations.exchange = marked.exchange
        AND observations.interaction = marked.interaction
    INNER JOIN exchanges AS carried ON carried.exchange = marked.exchange
    WHERE marked.side = 'input' AND marked.is_callers
),

-- The same question alone, asked every second in vain, would be quoted by each other one: only those
-- soon after count.
asked_again AS (
    SELECT
        asked.exchange,
        asked.interaction AS about,
        unanswered.interaction
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
),

-- A stored hop sends the settings of the hop before again: instructions, declarations, labels.
hopped AS (
    SELECT
        observations.exchange,
        observations.interaction AS about,
        before.interaction
    FROM observations
    INNER JOIN (SELECT DISTINCT interaction, id_hash FROM observations) AS before
        ON before.id_hash = observations.previous_hash
    WHERE observations.how = 'created'
        AND observations.is_continuation
        AND coalesce(observations.settings_sent, 'not known') != ''
),

hops_before AS (
    SELECT
        exchange,
        about,
        interaction
    FROM hopped
    UNION
    SELECT
        hops_before.exchange,
        hops_before.about,
        hopped.interaction
    FROM hops_before
    INNER JOIN hopped ON hopped.about = hops_before.interaction
),

-- Attempts of one wish have the same body, whichever of them was heard.
attempts AS (
    SELECT
        first_exchange,
        exchange
    FROM retries
    UNION
    SELECT
        first_exchange,
        first_exchange AS exchange
    FROM retries
),

attempts_told AS (
    SELECT
        attempts.first_exchange,
        attempts.exchange,
        observations.interaction
    FROM attempts
    INNER JOIN observations
        ON observations.exchange = attempts.exchange AND observations.how = 'created'
),

direct AS (
    SELECT
        exchange,
        about,
        interaction
    FROM matched
    UNION
    SELECT
        exchange,
        about,
        interaction
    FROM asked_again
    UNION
    SELECT
        exchange,
        about,
        interaction
    FROM hops_before
    UNION
    SELECT
        one.exchange,
        one.interaction AS about,
        other.interaction
    FROM attempts_told AS one
    INNER JOIN attempts_told AS other
        ON other.first_exchange = one.first_exchange AND other.interaction != one.interaction
),

quoting AS (
    SELECT
        exchange,
        about,
        interaction
    FROM direct
    UNION
    SELECT
        bridges.exchange,
        bridges.about,
        quoting.interaction
    FROM quoting
    INNER JOIN bridges ON bridges.bridge = quoting.about
)

SELECT DISTINCT
    exchange,
    interaction
FROM quoting
WHERE interaction != about;
COMMENT ON VIEW quotations IS
    'Exchanges that repeat what was said in an interaction they are not about. For the view carries.';

CREATE OR REPLACE VIEW carries AS
WITH own AS (
    SELECT
        exchange,
        interaction,
        CASE how WHEN 'created' THEN 'created' WHEN 'resumed' THEN 'resumed' ELSE 'read' END AS how
    FROM observations
    WHERE how = 'created' OR input_step_count + output_step_count > 0 OR about_ref IS NOT NULL
    UNION
    -- Answers that could not be read as an interaction: what they hold is not known.
    SELECT
        exchanges.exchange,
        exchanges.interaction,
        CASE exchanges.operation WHEN 'resume' THEN 'resumed' ELSE 'read' END AS how
    FROM exchanges
    WHERE exchanges.operation IN ('get', 'resume', 'cancel', 'delete')
        AND exchanges.interaction IS NOT NULL
        AND exchanges.status BETWEEN 200 AND 299
        AND exchanges.response_bytes > 0
        AND exchanges.purpose != 'verify'
        AND exchanges.exchange NOT IN (SELECT observations.exchange FROM observations)
)

SELECT
    exchange,
    interaction,
    how
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
