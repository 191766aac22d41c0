-- The view copies, of a few: without looking at the whole rows of all others, which strings of a million make slow.

-- Interactions by their names, one a line, and all turns of conversations by their numbers, with commas; NULL: none.
CREATE OR REPLACE MACRO copies_among(names, roots) AS TABLE (
    WITH wanted AS MATERIALIZED (
        SELECT hash_of(unnest(string_split(names, chr(10)))) AS id_hash
    ),

    rooted AS MATERIALIZED (
        SELECT unnest(string_split(roots, ',')::UBIGINT[]) AS root_hash
    ),

    places AS MATERIALIZED (
        SELECT rowid AS place
        FROM settled_copies
        WHERE id_hash IN (SELECT wanted.id_hash FROM wanted)
        UNION
        SELECT rowid AS place
        FROM settled_copies
        WHERE root_hash IN (SELECT rooted.root_hash FROM rooted)
    )

    SELECT *
    FROM settled_copies
    WHERE
        settled_copies.rowid IN (SELECT places.place FROM places)
        AND id_hash NOT IN (SELECT copies_touched.id_hash FROM copies_touched)
    UNION ALL BY NAME
    SELECT *
    FROM copies_fresh
    WHERE
        id_hash IN (SELECT wanted.id_hash FROM wanted)
        OR root_hash IN (SELECT rooted.root_hash FROM rooted)
);
