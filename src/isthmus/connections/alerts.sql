Statements that find what somebody should look at beyond single runs. Each is asked every minute, so
none reads more than it needs where there are a thousand connections.

-- one_at_a_time --
SELECT pg_try_advisory_xact_lock(%(lock)s)

-- late --
-- Connections that should have started by their schedule and have no run, and those with a queued run
-- that nobody takes. One that is paused does not start, and is told of by what pauses it: it has no
-- active goal, or no sign-in, or that is lost or leads to another org.
WITH taken AS MATERIALIZED (
    SELECT run.queued_at
    FROM connections_run AS run
    WHERE run.id > (SELECT max(id) FROM connections_run) - 2000 AND run.started_at >= %(before)s
)
SELECT connection.id AS connection, NULL::integer AS run, NULL::integer AS number,
    connection.due_at AS since
FROM connections_connection AS connection
JOIN connections_authorization AS signing_in ON signing_in.id = connection.authorization_id
WHERE connection.active AND connection.due_at < %(before)s AND signing_in.lost_at IS NULL
    AND NOT (signing_in.flow = 'browser' AND signing_in.sealed_refresh_token = ''::bytea)
    AND NOT (
        signing_in.org_id <> '' AND connection.org_id <> ''
        AND left(signing_in.org_id, 15) <> left(connection.org_id, 15)
    )
    AND EXISTS (
        SELECT FROM connections_goal AS goal
        WHERE goal.connection_id = connection.id
            AND coalesce((goal.document ->> 'active')::boolean, true)
    )
    AND NOT EXISTS (
        SELECT FROM connections_run AS run
        WHERE run.connection_id = connection.id AND NOT run.preview
            AND run.state IN ('queued', 'running', 'confirming', 'waiting', 'stopping')
    )
UNION ALL
SELECT queued.connection_id, queued.id, queued.number, queued.queued_at
FROM connections_run AS queued
JOIN connections_connection AS connection ON connection.id = queued.connection_id
WHERE queued.state = 'queued' AND NOT queued.preview AND queued.queued_at < %(before)s
    AND connection.active
    -- While runs that were queued before it are taken, its turn is to come.
    AND NOT EXISTS (
        SELECT FROM taken
        WHERE taken.queued_at BETWEEN queued.queued_at - interval '1 day' AND queued.queued_at
    )
    AND NOT EXISTS (
        SELECT FROM connections_run AS going
        WHERE going.connection_id = queued.connection_id AND NOT going.preview
            AND going.state IN ('running', 'confirming', 'waiting', 'stopping')
    )
ORDER BY since, connection

-- under_way --
-- Runs that have gone on for a while, with how many seconds those like it took. A run that takes a
-- goal's records for the first time, or after a change of its set-up, is like no other.
SELECT run.connection_id AS connection, run.id AS run, run.number, run.started_at,
    coalesce(past.seconds, '{}') AS past, coalesce(past.starts, '{}') AS starts
FROM connections_run AS run
CROSS JOIN LATERAL (
    SELECT array_agg(extract(epoch FROM each.finished_at - each.started_at)::float8) AS seconds,
        array_agg(each.started_at ORDER BY each.number DESC) AS starts
    FROM (
        SELECT *
        FROM connections_run AS earlier
        WHERE earlier.connection_id = run.connection_id AND NOT earlier.preview
            AND earlier.number < run.number AND earlier.started_at > %(oldest)s
            AND earlier.state IN ('finished', 'problems') AND earlier.finished_at IS NOT NULL
            AND earlier."full" = run."full" AND earlier.goal_keys = run.goal_keys
            AND earlier."first" IS NULL AND earlier."only" = '' AND earlier.confirmed_by = ''
            AND earlier.waits_since IS NULL
            AND NOT EXISTS (
                SELECT FROM connections_rungoal AS part
                WHERE part.run_id = earlier.id AND part.direction = 'import'
                    AND part.window_from IS NULL AND NOT earlier."full"
            )
        ORDER BY earlier.number DESC
        LIMIT %(most)s
    ) AS each
) AS past
WHERE run.state IN ('running', 'stopping') AND NOT run.preview AND run.started_at < %(before)s
    AND run."first" IS NULL AND run."only" = '' AND run.confirmed_by = ''
    AND run.waits_since IS NULL
    AND NOT EXISTS (
        SELECT FROM connections_rungoal AS part
        JOIN connections_goal AS goal ON goal.id = part.goal_id
        WHERE part.run_id = run.id AND NOT run."full"
            AND (goal.read_until IS NULL OR goal.read_version <> goal.version)
    )
ORDER BY run.id

-- goals --
-- Goals that run and whose last result is to be looked at: it came since, or it is already known to
-- be strange.
SELECT goal.id AS goal
FROM connections_goal AS goal
JOIN connections_connection AS connection ON connection.id = goal.connection_id
LEFT JOIN LATERAL (
    SELECT part.finished_at
    FROM connections_rungoal AS part
    WHERE part.goal_id = goal.id AND part.finished_at IS NOT NULL
    ORDER BY part.id DESC
    LIMIT 1
) AS last ON true
WHERE connection.active AND coalesce((goal.document ->> 'active')::boolean, true)
    AND (
        last.finished_at >= %(since)s
        OR EXISTS (
            SELECT FROM connections_alert AS alert
            WHERE alert.goal_id = goal.id AND alert.closed_at IS NULL
                AND alert.kind = ANY (%(kinds)s)
        )
    )

-- amounts --
-- What the goals received in their last runs, newest first. `is_whole` says of an import that it took
-- everything and not only what changed.
SELECT wanted.id AS goal, run.connection_id AS connection, part.id AS part, run.id AS run, run.number,
    run."full" AS is_full, part.direction, part.window_from IS NULL AS is_whole,
    part.begun ->> 'version' AS version, part.finished_at, (part.counts ->> 'received')::bigint AS received,
    extract(epoch FROM part.window_to - part.window_from)::float8 AS seconds
FROM unnest(%(goals)s::integer[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT *
    FROM connections_rungoal AS each
    WHERE each.goal_id = wanted.id AND each.finished_at > %(oldest)s
    ORDER BY each.id DESC
    LIMIT %(most)s
) AS part
JOIN connections_run AS run ON run.id = part.run_id
WHERE part.state IN ('finished', 'problems') AND part.counts ? 'received' AND NOT run.preview
    AND run."first" IS NULL AND run."only" = ''
ORDER BY wanted.id, part.id DESC

-- held --
-- Rows that the last run of each export held back, because Salesforce refused them again and again:
-- these are the rows that the page of that run lists. `code` is what most of some of them met.
SELECT goal.connection_id AS connection, goal.id AS goal, held.rows, last.run, last.number, hold.code,
    hold.failures
FROM connections_goal AS goal
JOIN connections_connection AS connection ON connection.id = goal.connection_id
CROSS JOIN LATERAL (
    SELECT count(*) AS rows
    FROM store.export_skip AS skip
    WHERE skip.goal = goal.id AND skip.reason = 'held'
) AS held
CROSS JOIN LATERAL (
    SELECT run.id AS run, run.number
    FROM connections_rungoal AS part
    JOIN connections_run AS run ON run.id = part.run_id
    WHERE part.goal_id = goal.id AND part.state IN ('finished', 'problems') AND NOT run.preview
    ORDER BY part.id DESC
    LIMIT 1
) AS last
CROSS JOIN LATERAL (
    SELECT mode() WITHIN GROUP (ORDER BY held_row.code) AS code, max(held_row.failures) AS failures
    FROM (
        SELECT each.code, each.failures
        FROM store.export_skip AS skip
        JOIN store.export_hold AS each ON each.goal = skip.goal AND each.profile_id = skip.profile_id
        WHERE skip.goal = goal.id AND skip.reason = 'held'
        LIMIT 1000
    ) AS held_row
) AS hold
WHERE connection.active AND goal.direction = 'export' AND held.rows > 0
    AND coalesce((goal.document ->> 'active')::boolean, true)
ORDER BY goal.id

-- sign_ins --
-- Sign-ins of connections that are on, of which something may be said. Certificates are read by Python.
SELECT signing_in.id AS authorization, signing_in.certificate, signing_in.lost_at,
    signing_in.permissions ->> %(api_enabled)s = 'false' AS lacks_api,
    array_agg(connection.id ORDER BY connection.id) AS connections
FROM connections_authorization AS signing_in
JOIN connections_connection AS connection ON connection.authorization_id = signing_in.id
WHERE connection.active
    AND (
        signing_in.lost_at IS NOT NULL
        OR signing_in.flow = 'jwt' AND signing_in.certificate <> ''
        OR signing_in.permissions ->> %(api_enabled)s = 'false'
    )
GROUP BY signing_in.id
ORDER BY signing_in.id

-- crowded --
-- Sign-ins by browser of one user through one app, where there are more than Salesforce keeps.
SELECT min(signing_in.id) AS authorization, count(DISTINCT signing_in.id) AS sign_ins,
    array_agg(DISTINCT connection.id) AS connections
FROM connections_authorization AS signing_in
JOIN connections_connection AS connection ON connection.authorization_id = signing_in.id
WHERE connection.active AND signing_in.flow = 'browser' AND signing_in.lost_at IS NULL
    AND signing_in.sealed_refresh_token <> ''::bytea AND signing_in.user_id <> ''
GROUP BY signing_in.org_id, signing_in.user_id, signing_in.client_id
HAVING count(DISTINCT signing_in.id) > %(most)s
ORDER BY 1

-- unsteady --
-- Connections whose last runs all ended before any of their goals was begun: they got no further than
-- signing in.
SELECT connection.id AS connection, last.run, last.number, last.since
FROM connections_connection AS connection
JOIN connections_authorization AS signing_in ON signing_in.id = connection.authorization_id
CROSS JOIN LATERAL (
    SELECT count(*) AS runs, max(each.id) AS run, max(each.number) AS number,
        min(each.finished_at) AS since,
        bool_and(
            each.state = 'failed'
            AND EXISTS (SELECT FROM connections_rungoal AS part WHERE part.run_id = each.id)
            AND NOT EXISTS (
                SELECT FROM connections_rungoal AS part WHERE part.run_id = each.id AND part.tries > 0
            )
        ) AS in_vain
    FROM (
        SELECT *
        FROM connections_run AS run
        WHERE run.connection_id = connection.id AND NOT run.preview
            AND run.state IN ('finished', 'problems', 'failed')
        ORDER BY run.number DESC
        LIMIT %(runs)s
    ) AS each
) AS last
WHERE connection.active AND signing_in.lost_at IS NULL AND last.runs = %(runs)s AND last.in_vain
ORDER BY connection.id

-- waiting --
SELECT run.connection_id AS connection, run.id AS run, run.number,
    coalesce(run.waits_since, run.started_at) AS since
FROM connections_run AS run
WHERE run.state = 'waiting' AND NOT run.preview
    AND coalesce(run.waits_since, run.started_at) < %(before)s
ORDER BY run.id
