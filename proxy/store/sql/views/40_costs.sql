-- What things cost. Amounts are whole pico-USD (10^-12 USD), by list prices of a dated book.
--
-- Polls add rows to `costs`, never to these views: of each interaction the best observation counts, as
-- in usage_lines. An interaction that was priced by several books has lines of each; the newest one is
-- what it costs. A line without a price has no amount: the sum over it is not complete, and says so.

CREATE OR REPLACE MACRO cost_lines_fresh_from(first_observation, first_cost) AS TABLE (
    WITH billed AS (
        SELECT DISTINCT interaction, id_hash, exchange
        FROM costs
        WHERE rowid >= first_cost AND id_hash IN (SELECT touched.id_hash FROM touched)
    ),

    best AS (
        SELECT
            weighed.interaction,
            weighed.id_hash,
            arg_max(
                struct_pack(exchange := weighed.exchange, service_tier := weighed.service_tier),
                weighed.answer_weight
            ) FILTER (WHERE billed.exchange IS NOT NULL) AS seen,
            max(weighed.service_tier_asked) FILTER (WHERE weighed.how = 'created') AS tier_asked
        FROM weighed
        LEFT JOIN billed
            ON weighed.id_hash = billed.id_hash
            AND weighed.interaction = billed.interaction
            AND weighed.exchange = billed.exchange
        WHERE
            weighed.number >= first_observation
            AND weighed.id_hash IN (SELECT touched.id_hash FROM touched)
        GROUP BY weighed.interaction, weighed.id_hash
    ),

    -- A poll that names no tier counts as standard where it stands alone; not where another was asked for.
    lines AS (
        SELECT
            costs.*,
            costs.item != 'grounding'
            AND best.seen.service_tier IS NULL
            AND coalesce(best.tier_asked, 'standard') != 'standard' AS is_tier_unknown
        FROM costs
        INNER JOIN best
            ON costs.id_hash = best.id_hash
            AND costs.interaction = best.interaction
            AND costs.exchange = best.seen.exchange
        WHERE costs.rowid >= first_cost AND costs.id_hash IN (SELECT touched.id_hash FROM touched)
    )

    SELECT
        interaction,
        book,
        book = max(book) OVER (PARTITION BY id_hash, interaction) AS is_newest,
        item,
        modality,
        CASE WHEN is_tier_unknown THEN 'unknown' ELSE tier END AS tier,
        quantity,
        unit,
        CASE WHEN NOT is_tier_unknown THEN price_pico_usd END AS price_pico_usd,
        CASE WHEN NOT is_tier_unknown THEN amount_pico_usd END AS amount_pico_usd,
        CASE
            WHEN is_tier_unknown AND reason = '' THEN 'another tier was asked for; the answer names none'
            ELSE reason
        END AS reason,
        seen_at,
        exchange,
        id_hash
    FROM lines
);

CREATE OR REPLACE VIEW cost_lines_fresh AS
FROM cost_lines_fresh_from(0, 0);
COMMENT ON VIEW cost_lines_fresh IS
    'Lines of cost of interactions that were told of since they were settled. For the views, not for people.';

-- Made anew and filled again when the text of this file changed: settling.py.
CREATE TABLE IF NOT EXISTS settled_cost_lines AS
SELECT * FROM cost_lines_fresh LIMIT 0;
COMMENT ON TABLE settled_cost_lines IS
    'The lines of cost of those that nobody told of since. For the views, not for people.';

CREATE OR REPLACE VIEW cost_lines_of_all_books AS
SELECT * FROM settled_cost_lines
WHERE id_hash NOT IN (SELECT touched.id_hash FROM touched)
UNION ALL BY NAME
SELECT * FROM cost_lines_fresh;
COMMENT ON VIEW cost_lines_of_all_books IS
    'What an interaction cost line by line, by each price book that was ever applied to it.';

CREATE OR REPLACE VIEW cost_lines AS
SELECT * EXCLUDE (is_newest)
FROM cost_lines_of_all_books
WHERE is_newest;
COMMENT ON VIEW cost_lines IS
    'What an interaction cost, line by line, each once, by the newest book. NULL is unpriced, not zero.';

CREATE OR REPLACE MACRO costs_fresh_from(first_observation, first_cost) AS TABLE (
    SELECT
        interaction,
        id_hash,
        max(book) AS book,
        sum(amount_pico_usd)::HUGEINT AS amount_pico_usd,
        count(*) AS line_count,
        count(*) FILTER (WHERE amount_pico_usd IS NULL) AS unpriced_count,
        list_sort(list(DISTINCT reason) FILTER (WHERE reason != '')) AS reasons
    FROM cost_lines_fresh_from(first_observation, first_cost)
    WHERE is_newest
    GROUP BY interaction, id_hash
);

CREATE OR REPLACE VIEW costs_fresh AS
FROM costs_fresh_from(0, 0);
COMMENT ON VIEW costs_fresh IS
    'Sums of cost of interactions that were told of since they were settled. For the views, not for people.';

CREATE TABLE IF NOT EXISTS settled_costs AS
SELECT * FROM costs_fresh LIMIT 0;
COMMENT ON TABLE settled_costs IS
    'The sums of cost of those that nobody told of since. For the views, not for people.';

CREATE OR REPLACE VIEW cost_sums AS
SELECT * FROM settled_costs
WHERE id_hash NOT IN (SELECT touched.id_hash FROM touched)
UNION ALL BY NAME
SELECT * FROM costs_fresh;
COMMENT ON VIEW cost_sums IS
    'Sums of cost by the newest book, of those that have lines. For the views, not for people.';

CREATE OR REPLACE VIEW costs_by_interaction AS
SELECT
    interactions.interaction,
    interactions.created_at,
    interactions.status,
    interactions.model,
    interactions.agent,
    interactions.client,
    summed.book,
    -- Complete: the amount is all of it.
    coalesce(summed.unpriced_count, 1) = 0 AS is_complete,
    summed.amount_pico_usd::HUGEINT AS amount_pico_usd,
    summed.amount_pico_usd::DOUBLE / 1e12 AS amount_usd,
    coalesce(summed.line_count, 0) AS line_count,
    coalesce(summed.unpriced_count, 0) AS unpriced_count,
    CASE WHEN summed.book IS NULL THEN ['no usage was seen'] ELSE summed.reasons END AS reasons,
    interactions.root_hash,
    interactions.id_hash
FROM interactions
LEFT JOIN cost_sums AS summed
    ON interactions.id_hash = summed.id_hash
    AND interactions.interaction = summed.interaction
-- Without a status there was no answer: a create that was refused costs nothing.
WHERE summed.book IS NOT NULL OR interactions.status IS NOT NULL;
COMMENT ON VIEW costs_by_interaction IS
    'One row per interaction: its cost by the newest book, and whether that is all of it.';

CREATE OR REPLACE VIEW costs_by_day AS
SELECT
    date_trunc('day', created_at)::DATE AS day,
    coalesce(model, agent) AS model,
    count(*) AS interaction_count,
    count(*) FILTER (WHERE NOT is_complete) AS incomplete_count,
    sum(amount_pico_usd)::HUGEINT AS amount_pico_usd,
    sum(amount_pico_usd)::DOUBLE / 1e12 AS amount_usd
FROM costs_by_interaction
GROUP BY ALL;
COMMENT ON VIEW costs_by_day IS
    'Cost per day (UTC) and model or agent. Of the incomplete ones the sum has only what was priced.';
