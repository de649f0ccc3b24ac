Statements about when connections run by themselves. {hindrance} stands for the block of that name.

-- hindrance --
-- Why `connection` can't run by itself although it is on and has a schedule; NULL where it can.
-- `signing_in` is its sign-in, where it has one.
CASE
    WHEN signing_in.id IS NULL
        OR signing_in.flow = 'browser' AND signing_in.sealed_refresh_token = ''::bytea THEN 'none'
    WHEN signing_in.lost_at IS NOT NULL THEN 'lost'
    WHEN signing_in.org_id <> '' AND connection.org_id <> ''
        AND left(signing_in.org_id, 15) <> left(connection.org_id, 15) THEN 'other org'
    WHEN NOT EXISTS (
        SELECT FROM connections_goal AS goal
        WHERE goal.connection_id = connection.id
            AND coalesce((goal.document ->> 'active')::boolean, true)
    ) THEN 'no goal'
END

-- clock --
SELECT clock_timestamp()

-- missing --
-- Connections that are on and have a schedule, and of which nobody has worked out when they are
-- due. They are held; `ran` says whether there ever was a run.
SELECT connection.id, connection.schedule, connection.timezone,
    EXISTS (
        SELECT FROM connections_run AS run
        WHERE run.connection_id = connection.id AND NOT run.preview
    ) AS ran
FROM connections_connection AS connection
WHERE connection.active AND connection.due_at IS NULL AND NOT connection.schedule ? 'by_hand'
ORDER BY connection.id
FOR NO KEY UPDATE OF connection SKIP LOCKED

-- ahead --
-- Connections that are due at a time to come. They are held.
SELECT connection.id, connection.schedule, connection.timezone, connection.due_at,
    EXISTS (
        SELECT FROM connections_run AS run
        WHERE run.connection_id = connection.id AND NOT run.preview
    ) AS ran
FROM connections_connection AS connection
WHERE connection.active AND connection.due_at > %(now)s
ORDER BY connection.id
FOR NO KEY UPDATE OF connection SKIP LOCKED

-- claim --
-- The connections whose time has come, longest ago first. They are held, and those that another
-- process holds are left to it. Behind a queued run of a few records nothing can be queued.
SELECT connection.id, connection.key, connection.schedule, connection.timezone, connection.due_at
FROM connections_connection AS connection
LEFT JOIN connections_authorization AS signing_in ON signing_in.id = connection.authorization_id
WHERE connection.active AND connection.due_at <= %(now)s
    AND {hindrance} IS NULL
    AND NOT EXISTS (
        SELECT FROM connections_run AS run
        WHERE run.connection_id = connection.id AND run.state = 'queued' AND NOT run.preview
            AND (run.first IS NOT NULL OR run.only <> '')
    )
ORDER BY connection.due_at, connection.id
LIMIT %(most)s
FOR NO KEY UPDATE OF connection SKIP LOCKED

-- widen --
-- Make the queued runs of these connections, which are held, do what a scheduled one does.
UPDATE connections_run AS run
SET goal_keys = '[]', due_at = coalesce(run.due_at, connection.due_at)
FROM connections_connection AS connection
WHERE run.connection_id = ANY (%(connections)s) AND connection.id = run.connection_id
    AND run.state = 'queued' AND NOT run.preview AND run.first IS NULL AND run.only = ''
RETURNING run.connection_id

-- runs --
-- Of connections that are held: the highest number of a run, and whether a run of a few records is
-- queued.
SELECT connection.id, coalesce(run.last, 0) AS last, coalesce(run.few, false) AS few
FROM connections_connection AS connection
LEFT JOIN LATERAL (
    SELECT max(each.number) AS last,
        bool_or(each.state = 'queued' AND (each.first IS NOT NULL OR each.only <> '')) AS few
    FROM connections_run AS each
    WHERE each.connection_id = connection.id AND NOT each.preview
) AS run ON true
WHERE connection.id = ANY (%(connections)s)

-- move --
-- When connections are due next; NULL: never, as far as is known.
UPDATE connections_connection AS connection
SET due_at = each.due_at
FROM unnest(%(connections)s::integer[], %(times)s::timestamptz[]) AS each (id, due_at)
WHERE connection.id = each.id

-- next_runs --
-- What is to be said of the next run of these connections.
SELECT connection.id, connection.active, connection.schedule, connection.timezone,
    connection.due_at, {hindrance} AS hindrance,
    EXISTS (
        SELECT FROM connections_run AS run
        WHERE run.connection_id = connection.id AND NOT run.preview AND run.state = 'queued'
    ) AS is_queued,
    EXISTS (
        SELECT FROM connections_run AS run
        WHERE run.connection_id = connection.id AND NOT run.preview
            AND run.state IN ('running', 'confirming', 'waiting', 'stopping')
    ) AS is_going
FROM connections_connection AS connection
LEFT JOIN connections_authorization AS signing_in ON signing_in.id = connection.authorization_id
WHERE connection.id = ANY (%(connections)s)
