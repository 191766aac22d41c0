-- What an erasure and a hold have to know, each statement after its name. Parameters are bound by name.

-- name: erasing_beginning
-- Interactions whose names begin so.
SELECT DISTINCT interaction
FROM observations
WHERE starts_with(interaction, $named)
ORDER BY interaction
LIMIT 3;

-- name: erasing_labelled
-- Interactions with a label, by its digest.
SELECT DISTINCT interaction
FROM observations
WHERE label_index IS NOT NULL AND list_contains(string_split(label_index, ','), $label)
ORDER BY interaction;

-- name: erasing_named
-- Rows that tell of interactions, by the hashes of their ids; each statement looks at one column of all rows.
SELECT rowid AS place, id_hash, root_hash
FROM observations
WHERE id_hash IN (SELECT unnest(string_split($hashes, ',')::UBIGINT[]));

-- name: erasing_conversations
-- Rows that tell of turns of conversations, by the hashes of their first turns' ids.
SELECT rowid AS place, id_hash, root_hash
FROM observations
WHERE root_hash IN (SELECT unnest(string_split($roots, ',')::UBIGINT[]));

-- name: erasing_behind
-- Rows that tell of turns which go on from interactions, by the hashes of the ids of these.
SELECT rowid AS place
FROM observations
WHERE previous_hash IN (SELECT unnest(string_split($hashes, ',')::UBIGINT[]));

-- name: erasing_turns
-- What these rows told of interactions: when, by which exchange, and whether that shows content, more interactions than
-- one, or a hop.
SELECT
    exchange,
    interaction,
    how,
    seen_us,
    previous,
    previous_hash,
    root_hash,
    has_content,
    has_token,
    is_streaming,
    is_hop,
    place
FROM told_turns
WHERE place BETWEEN $first AND $last
    AND place IN (SELECT unnest(string_split($places, ',')::BIGINT[]));

-- name: erasing_turns_once
-- The same; whoever was told nothing of what was said is told of once: one run may be asked for each second.
SELECT
    exchange,
    interaction,
    how,
    seen_us,
    previous,
    previous_hash,
    root_hash,
    has_content,
    has_token,
    is_streaming,
    is_hop,
    min(place) AS place
FROM told_turns
WHERE place BETWEEN $first AND $last
    AND place IN (SELECT unnest(string_split($places, ',')::BIGINT[]))
GROUP BY ALL;

-- name: erasing_unread
-- Exchanges that show these interactions, and could not be read.
SELECT exchange, interaction, how
FROM unread
WHERE id_hash IN (SELECT unnest(string_split($hashes, ',')::UBIGINT[]))
ORDER BY exchange, interaction;

-- name: erasing_own
-- Exchanges that show these interactions, when the tables saw them, and whether they told how to go on.
SELECT
    exchange,
    interaction,
    how,
    epoch_us(seen_at) AS seen_us,
    coalesce(has_continuation_token, FALSE) AS has_token
FROM carried_by($hashes)
ORDER BY exchange, interaction;

-- name: erasing_shown
-- All that these exchanges show; they were seen between $since and $until.
SELECT
    exchange,
    interaction,
    how_shown(how) AS how,
    epoch_us(seen_at) AS seen_us,
    coalesce(has_continuation_token, FALSE) AS has_token
FROM observations
WHERE exchange IN (SELECT unnest(string_split($exchanges, ',')))
    AND seen_at BETWEEN make_timestamp($since) AND make_timestamp($until)
    AND has_content(how, input_step_count, output_step_count, about_ref)
ORDER BY exchange, interaction;

-- name: erasing_answers
-- By which numbers the answers of these interactions are known again (see answers_given, whose two halves take twice as
-- long to be understood); they were seen between $since and $until.
SELECT
    interaction,
    md5_number_lower(unnest(string_split(concat_ws(',', chain_mac, step_mac), ','))) AS mac_hash
FROM steps
WHERE
    side = 'output'
    AND (chain_mac IS NOT NULL OR step_mac IS NOT NULL)
    AND seen_at BETWEEN make_timestamp($since) AND make_timestamp($until)
    AND id_hash IN (SELECT unnest(string_split($hashes, ',')::UBIGINT[]));

-- name: erasing_repeats
-- Who sent something again that is known by one of $macs, between $since and $until.
SELECT exchange, interaction AS about, mac_hash, is_before
FROM repeats
WHERE rowid IN (
    SELECT found.rowid
    FROM repeats AS found
    WHERE found.mac_hash IN (SELECT unnest(string_split($macs, ',')::UBIGINT[]))
        AND found.seen_at BETWEEN make_timestamp($since) AND make_timestamp($until)
);

-- name: erasing_numbers
-- How many exchanges the tables have (whether one came in between two looks), and of what there is nothing to ask.
SELECT
    (SELECT count(*) FROM exchanges) AS exchanges,
    (SELECT count(*) FROM unread) AS unread,
    (SELECT count(*) FROM acts WHERE kind = 'hold') AS holds;

-- name: erasing_exchange_count
-- How many exchanges the tables have: whether one came in between two looks.
SELECT count(*) AS exchanges
FROM exchanges;

-- name: erasing_unanswered
-- Those of these interactions that nobody answered, seen between $since and $until: what repeats them is known by their
-- questions.
SELECT DISTINCT interaction
FROM unanswered_of($hashes, make_timestamp($since), make_timestamp($until))
ORDER BY interaction;

-- name: erasing_quoted_questions
-- Exchanges about others that repeat a question of these interactions; all were seen between $since and $until.
SELECT DISTINCT exchange, about, interaction
FROM quoted_questions($hashes, make_timestamp($since), make_timestamp($until))
ORDER BY exchange, about, interaction;

-- name: erasing_hops
-- Hops that go on from these interactions and send their settings again.
SELECT DISTINCT exchange, about, previous_hash
FROM hops_after($hashes)
ORDER BY exchange, about;

-- name: erasing_wishes
-- By what creates with these numbers can be known again, and when they began, between $since and $until. Numbers count in each
-- gateway apart: another's exchange with such a number makes us look more closely.
SELECT request_mac, epoch_us(started_at) AS began_us
FROM exchanges
WHERE sequence IN (SELECT unnest(string_split($sequences, ',')::BIGINT[]))
    AND operation = 'create'
    AND request_mac IS NOT NULL
    AND started_at BETWEEN make_timestamp($since) AND make_timestamp($until);

-- name: erasing_tried_again
-- Whether a create with one of these bodies failed between $since and $until, so that it may have been tried again.
SELECT count(*) > 0 AS are_several
FROM exchanges
WHERE
    operation = 'create'
    AND started_at BETWEEN make_timestamp($since) AND make_timestamp($until)
    AND is_tried_again(status, outcome)
    AND request_mac IN (SELECT unnest(string_split($macs, ',')));

-- name: erasing_quoted_attempts
-- Other attempts of the same wish, among creates between $since and $until.
SELECT DISTINCT exchange, about, interaction
FROM quoted_attempts($hashes, make_timestamp($since), make_timestamp($until))
ORDER BY exchange, about, interaction;

-- name: erasing_bridges
-- Exchanges of the next day that know of older turns through one; those concern us for which it is one of these.
SELECT exchange, about, bridge AS interaction
FROM bridges_over($hashes)
ORDER BY exchange, about;

-- name: erasing_holds
-- Holds in force.
SELECT
    hold,
    interaction,
    is_conversation
FROM holds
WHERE released_at IS NULL
ORDER BY placed_at, hold;

-- name: holds_listed
-- All holds, the latest first, those in force before the others.
SELECT
    hold,
    interaction,
    is_conversation,
    placed_at,
    actor,
    reason,
    released_at,
    released_by
FROM holds
ORDER BY released_at IS NOT NULL, placed_at DESC, hold;

-- name: erasing_deferred
-- Interactions that were to be erased, and were held.
SELECT
    interaction,
    erasure,
    actor,
    reason,
    with_quoted,
    exchange,
    reach,
    is_bypassing
FROM erasures_deferred
ORDER BY interaction, erasure;

-- name: erasing_begun
-- Erasures that the tables know to have begun.
SELECT act
FROM acts
WHERE kind = 'erasure' AND json_extract_string(data, '$.step') = 'begin';

-- name: erasing_told
-- Erasures that the tables know to be done.
SELECT DISTINCT json_extract_string(data, '$.erasure') AS erasure
FROM acts
WHERE kind = 'erased' AND json_extract_string(data, '$.erasure') IS NOT NULL;

-- name: erasing_searched
-- Every exchange whose content is there: where a pointer is looked for.
SELECT
    observations.exchange,
    observations.interaction,
    exchanges.raw_ref
FROM observations
INNER JOIN exchanges ON exchanges.exchange = observations.exchange
WHERE observations.exchange NOT IN (SELECT erased_exchanges.exchange FROM erased_exchanges)
ORDER BY observations.exchange, observations.interaction;
