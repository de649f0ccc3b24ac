Statements behind what needs attention, and the days of connections.

-- troubled --
-- How many connections should run and can't, or didn't: what the list of them calls troubled; and how
-- many there are.
SELECT count(*), (SELECT count(*) FROM connections_connection)
FROM connections_connection AS connection
LEFT JOIN connections_authorization AS signing_in ON signing_in.id = connection.authorization_id
WHERE connection.active
    AND (
        signing_in.id IS NULL OR signing_in.lost_at IS NOT NULL
        OR signing_in.flow = 'browser' AND signing_in.sealed_refresh_token = ''::bytea
        OR signing_in.org_id <> '' AND connection.org_id <> ''
            AND left(signing_in.org_id, 15) <> left(connection.org_id, 15)
        OR NOT EXISTS (
            SELECT FROM connections_goal AS goal
            WHERE goal.connection_id = connection.id
                AND coalesce((goal.document ->> 'active')::boolean, true)
        )
        OR connection.id IN (
            SELECT goal.connection_id
            FROM connections_rungoal AS failed
            JOIN connections_run AS run ON run.id = failed.run_id AND NOT run.preview
            JOIN connections_goal AS goal ON goal.id = failed.goal_id
            WHERE failed.state = 'failed'
                AND NOT EXISTS (
                    SELECT FROM connections_rungoal AS part
                    JOIN connections_run AS later ON later.id = part.run_id
                    WHERE part.goal_id = failed.goal_id AND part.id > failed.id AND NOT later.preview
                        AND part.state IN ('finished', 'problems', 'failed', 'stopped')
                )
                AND coalesce((goal.document ->> 'active')::boolean, true)
        )
    )

-- failed --
-- Of these connections, the goal that failed last, with how often in a row it did.
SELECT DISTINCT ON (goal.connection_id) goal.connection_id AS connection, goal.id AS goal,
    run.number, part.finished_at, part.message AS goal_message, run.message AS run_message,
    count(*) OVER (PARTITION BY goal.connection_id) AS goals, in_a_row.runs
FROM connections_goal AS goal
CROSS JOIN LATERAL (
    SELECT each.*
    FROM connections_rungoal AS each
    JOIN connections_run AS run ON run.id = each.run_id
    WHERE each.goal_id = goal.id AND each.state = ANY (%(ended)s) AND NOT run.preview
    ORDER BY each.id DESC
    LIMIT 1
) AS part
JOIN connections_run AS run ON run.id = part.run_id
CROSS JOIN LATERAL (
    SELECT count(*) AS runs
    FROM (
        SELECT bool_and(each.state = 'failed') OVER (ORDER BY each.id DESC) AS still
        FROM (
            SELECT each.id, each.state
            FROM connections_rungoal AS each
            JOIN connections_run AS run ON run.id = each.run_id
            WHERE each.goal_id = goal.id AND each.state = ANY (%(ended)s) AND NOT run.preview
            ORDER BY each.id DESC
            LIMIT 100
        ) AS each
    ) AS each
    WHERE each.still
) AS in_a_row
WHERE goal.connection_id = ANY (%(connections)s) AND part.state = 'failed'
    AND coalesce((goal.document ->> 'active')::boolean, true)
ORDER BY goal.connection_id, part.id DESC

-- lost --
-- Of these connections, whose sign-in it was, when it was lost, and how many runs failed since.
SELECT connection.id AS connection, connection.timezone, signing_in.user_name, signing_in.lost_at,
    (
        SELECT count(*)
        FROM connections_run AS run
        WHERE run.connection_id = connection.id AND NOT run.preview AND run.state = 'failed'
            AND run.finished_at >= signing_in.lost_at
    ) AS runs
FROM connections_connection AS connection
JOIN connections_authorization AS signing_in ON signing_in.id = connection.authorization_id
WHERE connection.id = ANY (%(connections)s) AND signing_in.lost_at IS NOT NULL

-- problems --
-- Connections whose last run met problems, the newest first, and how many there are.
SELECT last.id AS run, count(*) OVER () AS whole
FROM connections_connection AS connection
CROSS JOIN LATERAL (
    SELECT run.id, run.state, run.finished_at
    FROM connections_run AS run
    WHERE run.connection_id = connection.id AND NOT run.preview
        AND run.state IN ('finished', 'problems', 'failed', 'stopped')
    ORDER BY run.number DESC
    LIMIT 1
) AS last
WHERE connection.active AND last.state = 'problems'
ORDER BY last.finished_at DESC, last.id DESC
LIMIT %(most)s

-- example --
-- What was said of one row of a goal in a run, by its code.
SELECT problem.run_goal, problem.message
FROM unnest(%(parts)s::integer[], %(codes)s::text[]) AS wanted (part, code)
CROSS JOIN LATERAL (
    SELECT each.run_goal, each.message
    FROM store.run_problem AS each
    WHERE each.run_goal = wanted.part AND each.code = wanted.code
    LIMIT 1
) AS problem

-- days --
-- The runs of some connections by the day on which they began. `runs` of a day may be many.
SELECT run.connection_id AS connection, (run.began AT TIME ZONE %(zone)s)::date AS day,
    count(*) AS runs, max(run.number) AS last,
    count(*) FILTER (WHERE run.state = 'failed') AS failed,
    max(run.number) FILTER (WHERE run.state = 'failed') AS last_failed,
    count(*) FILTER (WHERE run.state = 'problems') AS problems,
    max(run.number) FILTER (WHERE run.state = 'problems') AS last_problems,
    count(*) FILTER (WHERE run.state = 'finished') AS finished,
    bool_or(run.state = ANY (%(open)s)) AS is_open,
    coalesce(sum(part.received), 0)::bigint AS received
FROM unnest(%(connections)s::integer[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT id, connection_id, number, state, coalesce(started_at, queued_at) AS began
    FROM connections_run AS each
    WHERE each.connection_id = wanted.id AND NOT each.preview AND each.queued_at >= %(since)s
) AS run
LEFT JOIN LATERAL (
    SELECT sum(coalesce((counts ->> 'received')::bigint, done)) AS received
    FROM connections_rungoal
    WHERE run_id = run.id
) AS part ON true
GROUP BY 1, 2
