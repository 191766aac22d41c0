-- Whom a policy may be about, as far as a row of copies says it.

-- What the steward says of its policies: a JSON text of {cutoff_us, clients, labels, models}; an empty list is for all.
CREATE OR REPLACE MACRO rules_told(text) AS
from_json(text, '[{"cutoff_us": "BIGINT", "clients": ["VARCHAR"], "labels": ["VARCHAR"], "models": ["VARCHAR"]}]');

-- Whether one of them may be about it. NULL as rules: any may.
CREATE OR REPLACE MACRO is_wanted(rules, began_at, client, label_index, model, agent) AS (
    rules IS NULL
    OR len(list_filter(
        rules,
        lambda rule: began_at <= make_timestamp(rule.cutoff_us)
        AND (len(rule.clients) = 0 OR list_contains(rule.clients, client))
        AND (len(rule.models) = 0 OR list_contains(rule.models, model) OR list_contains(rule.models, agent))
        AND (len(rule.labels) = 0 OR list_has_any(rule.labels, string_split(label_index, ',')))
    )) > 0
);
