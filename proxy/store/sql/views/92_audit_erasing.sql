-- What auditors ask about erasures and holds.

CREATE OR REPLACE VIEW audit.holds AS
SELECT
    hold, -- Its id: the act that placed it.
    interaction, -- What it names; turns before it are protected, too.
    is_conversation, -- All turns of the conversation, later ones too.
    placed_at, -- Since when (UTC).
    actor, -- Who placed it.
    reason, -- Why.
    released_at, -- Until when; none: in force.
    released_by -- Who ended it.
FROM main.holds;
COMMENT ON VIEW audit.holds IS 'Legal holds: what nobody may erase, in force or released.';

CREATE OR REPLACE VIEW audit.erasures AS
SELECT
    told.act AS erasure, -- Its id.
    told.seen_at AS begun_at, -- When it was decided (UTC).
    told.actor, -- Who decided.
    told.detail AS reason, -- Why.
    TRY_CAST(json_extract_string(told.data, '$.interactions') AS BIGINT) AS interaction_count, -- Interactions to erase.
    TRY_CAST(json_extract_string(told.data, '$.exchanges') AS BIGINT) AS exchange_count, -- Exchanges whose keys were to go.
    TRY_CAST(json_extract_string(told.data, '$.held') AS BIGINT) AS held_count, -- Kept by holds, erased when these end.
    TRY_CAST(json_extract_string(told.data, '$.quoted_left') AS BIGINT) AS quoted_count, -- Exchanges of others that repeat it, left.
    gone.gone_at -- When the keys were gone; none: not yet.
FROM main.acts AS told
LEFT JOIN (
    SELECT
        json_extract_string(data, '$.erasure') AS erasure,
        max(seen_at) AS gone_at
    FROM main.acts
    WHERE kind = 'erased'
    GROUP BY 1
) AS gone ON gone.erasure = told.act
WHERE told.kind = 'erasure' AND json_extract_string(told.data, '$.step') = 'begin';
COMMENT ON VIEW audit.erasures IS 'Erasures of our copy: who, why, how much, and when the keys were gone.';

CREATE OR REPLACE VIEW audit.erased AS
SELECT
    interaction, -- What was erased.
    erased_at, -- When its keys were gone (UTC).
    erasure -- By which erasure.
FROM main.erased_interactions;
COMMENT ON VIEW audit.erased IS 'Interactions whose content was erased here.';
