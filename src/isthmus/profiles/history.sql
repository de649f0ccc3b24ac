Statements that read the journal of values (store.change). `old` has the values before a change.

-- changes --
-- Newest first, behind a place where one is given. Changes of one moment are in one partition, so
-- their place in it tells them apart; rows of the journal never move.
SELECT
    change.at, change.ctid::text AS row, change.run_goal, change.by, change.record_id, change.old,
    ARRAY(
        SELECT became.profile_id
        FROM store.profile_merge AS became
        WHERE became.survivor = change.profile_id AND became.at = change.at
        LIMIT 5
    ) AS merged
FROM store.change AS change
WHERE change.profile_id = %(profile_id)s
    AND (%(key)s::text IS NULL OR change.old ? %(key)s::text)
    AND (
        %(at)s::timestamptz IS NULL
        OR change.at < %(at)s::timestamptz
        OR change.at = %(at)s::timestamptz AND change.ctid < %(row)s::tid
    )
ORDER BY change.at DESC, change.ctid DESC
LIMIT %(most)s

-- values_at --
-- What the properties held that were changed at a place or since: before the first of these changes.
SELECT DISTINCT ON (each.key) each.key, each.value
FROM store.change AS change
CROSS JOIN LATERAL jsonb_each(change.old) AS each
WHERE change.profile_id = %(profile_id)s
    AND (%(key)s::text IS NULL OR each.key = %(key)s::text)
    AND (
        change.at > %(at)s::timestamptz
        OR change.at = %(at)s::timestamptz AND change.ctid >= %(row)s::tid
    )
ORDER BY each.key, change.at, change.ctid

-- newest_changes --
-- The newest change of each property that was changed.
SELECT DISTINCT ON (each.key)
    each.key, change.at, change.run_goal, change.by, change.record_id
FROM store.change AS change
CROSS JOIN LATERAL jsonb_object_keys(change.old) AS each (key)
WHERE change.profile_id = %(profile_id)s
ORDER BY each.key, change.at DESC, change.ctid DESC

-- merged_into --
SELECT survivor, at FROM store.profile_merge WHERE profile_id = %(profile_id)s

-- merged_from --
SELECT profile_id, at
FROM store.profile_merge
WHERE survivor = %(profile_id)s
ORDER BY at DESC, profile_id
LIMIT %(most)s
