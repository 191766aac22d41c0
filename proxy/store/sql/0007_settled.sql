-- Migration 7: which interactions were told of since the tables `settled*` were filled for them.
--
-- Those tables are made with the views (views/10_interactions.sql, views/40_costs.sql) and filled by
-- settling.py; they follow from the facts, as the views do.

CREATE TABLE touched (
    id_hash UBIGINT
);
COMMENT ON TABLE touched IS
    'Interactions told of since they were settled, by their hash, some more than once. For the views.';

CREATE TABLE unsettled (
    id_hash UBIGINT
);
COMMENT ON TABLE unsettled IS
    'Interactions whose rows in `settled*` are to be made anew, in portions: the views or the prices changed.';

CREATE TABLE settled_by (
    digest VARCHAR
);
COMMENT ON TABLE settled_by IS
    'By which views the tables `settled*` were filled: a digest of their text.';
