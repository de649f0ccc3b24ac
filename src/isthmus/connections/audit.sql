Statements behind the audit log. What is done at once is one entry of several rows.

-- entries --
-- The entries with rows that are wanted, newest first.
SELECT DISTINCT began, action
FROM store.audit
WHERE (%(who)s::text IS NULL OR who = %(who)s)
    AND (%(how)s::text IS NULL OR how = %(how)s)
    AND (%(kind)s::text IS NULL OR kind = %(kind)s)
    AND (%(thing)s::bigint IS NULL OR thing = %(thing)s)
    AND (%(connection)s::bigint IS NULL OR connection = %(connection)s)
    AND (%(since)s::timestamptz IS NULL OR began >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR began < %(until)s)
    AND (
        %(began)s::timestamptz IS NULL
        OR (began, action) < (%(began)s::timestamptz, %(action)s::uuid)
    )
ORDER BY began DESC, action DESC
LIMIT %(most)s

-- rows --
-- Of each of these entries the first rows that are wanted, and how many there are, up to a limit.
SELECT entry.action, counted.rows, each.id, each.at, each.who, each.how, each.kind, each.act,
    each.thing, each.connection, each.key, each.name, each.changes
FROM unnest(%(actions)s::uuid[]) WITH ORDINALITY AS entry (action, place)
CROSS JOIN LATERAL (
    SELECT count(*) AS rows
    FROM (
        SELECT
        FROM store.audit
        WHERE audit.action = entry.action
            AND (%(kind)s::text IS NULL OR kind = %(kind)s)
            AND (%(thing)s::bigint IS NULL OR thing = %(thing)s)
            AND (%(connection)s::bigint IS NULL OR connection = %(connection)s)
        LIMIT %(countable)s
    ) AS found
) AS counted
CROSS JOIN LATERAL (
    SELECT *
    FROM store.audit
    WHERE audit.action = entry.action AND audit.id > %(behind)s
        AND (%(kind)s::text IS NULL OR kind = %(kind)s)
        AND (%(thing)s::bigint IS NULL OR thing = %(thing)s)
        AND (%(connection)s::bigint IS NULL OR connection = %(connection)s)
    ORDER BY audit.id
    LIMIT %(most)s
) AS each
ORDER BY entry.place, each.id

-- people --
-- Everybody who is in the log, each found by the index behind the one before.
WITH RECURSIVE found AS (
    (SELECT who FROM store.audit ORDER BY who LIMIT 1)
    UNION ALL
    SELECT (SELECT audit.who FROM store.audit WHERE audit.who > found.who ORDER BY audit.who LIMIT 1)
    FROM found
    WHERE found.who IS NOT NULL
)
SELECT who FROM found WHERE who <> '' LIMIT %(most)s

-- last_names --
-- What things were called that are gone: as the log knew each last.
SELECT wanted.id, last.name
FROM unnest(%(ids)s::bigint[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT name
    FROM store.audit
    WHERE kind = %(kind)s AND thing = wanted.id AND name <> ''
    ORDER BY began DESC, action DESC
    LIMIT 1
) AS last

-- there --
-- Which of these things there still are, with their keys; of a goal or run also its connection's.
SELECT 'connection' AS kind, id::bigint, key FROM connections_connection
WHERE id = ANY (%(connection)s::bigint[])
UNION ALL
SELECT 'goal', goal.id, connection.key || '/' || goal.key
FROM connections_goal AS goal
JOIN connections_connection AS connection ON connection.id = goal.connection_id
WHERE goal.id = ANY (%(goal)s::bigint[])
UNION ALL
SELECT 'run', run.id, connection.key || '/' || run.number
FROM connections_run AS run
JOIN connections_connection AS connection ON connection.id = run.connection_id
WHERE run.id = ANY (%(run)s::bigint[])
UNION ALL
SELECT 'app', id, id::text FROM connections_app WHERE id = ANY (%(app)s::bigint[])
UNION ALL
SELECT 'property', id, key FROM profiles_property WHERE id = ANY (%(property)s::bigint[])
UNION ALL
SELECT 'segment', id, key FROM profiles_segment WHERE id = ANY (%(segment)s::bigint[])
UNION ALL
SELECT 'account', id, id::text FROM people_user WHERE id = ANY (%(account)s::bigint[])

-- keep_house --
SELECT set_config('isthmus.keeping_house', 'audit', true)

-- forget --
DELETE FROM store.audit
WHERE id IN (SELECT id FROM store.audit WHERE began < %(before)s ORDER BY began LIMIT %(most)s)
