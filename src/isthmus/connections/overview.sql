Statements behind the list of connections and the page of one.

-- overview --
-- All connections with what their state is worked out of. The last result of a goal is found by an
-- index, however often it ran. `matched` says whether the search finds the connection; it is said of
-- all, because all are counted.
SELECT connection.id, connection.key, connection.name, connection.active, connection.sandbox,
    connection.labels, connection.org_id, connection.due_at, last_run.at AS last_at,
    signing_in.login_url, signing_in.lost_at IS NOT NULL AS lost,
    signing_in.flow = 'browser' AND signing_in.sealed_refresh_token = ''::bytea AS ungranted,
    signing_in.org_id <> '' AND connection.org_id <> ''
        AND left(signing_in.org_id, 15) <> left(connection.org_id, 15) AS elsewhere,
    favourite.id IS NOT NULL AS is_favourite,
    coalesce(known.goals, 0) AS goals, coalesce(goal.imports, 0) AS imports,
    coalesce(goal.exports, 0) AS exports, coalesce(goal.failed_imports, 0) AS failed_imports,
    coalesce(goal.failed_exports, 0) AS failed_exports, open.state AS open_state,
    (%(words)s::text IS NULL OR EXISTS (
        SELECT FROM unnest(ARRAY[
            connection.name, connection.key, connection.description, signing_in.login_url,
            (SELECT string_agg(label, ',') FROM jsonb_array_elements_text(connection.labels) AS label)
        ]) AS text
        WHERE strpos(lower(text), lower(%(words)s::text)) > 0
    )) AND (%(label)s::text IS NULL OR connection.labels ? %(label)s::text) AS matched
FROM connections_connection AS connection
LEFT JOIN connections_authorization AS signing_in ON signing_in.id = connection.authorization_id
LEFT JOIN connections_connection_favoured_by AS favourite
    ON favourite.connection_id = connection.id AND favourite.user_id = %(user)s
LEFT JOIN (
    SELECT connection_id, count(*) AS goals FROM connections_goal GROUP BY connection_id
) AS known ON known.connection_id = connection.id
LEFT JOIN (
    SELECT each.connection_id,
        count(*) FILTER (WHERE each.direction = 'import') AS imports,
        count(*) FILTER (WHERE each.direction = 'export') AS exports,
        count(failure.goal_id) FILTER (WHERE each.direction = 'import') AS failed_imports,
        count(failure.goal_id) FILTER (WHERE each.direction = 'export') AS failed_exports
    FROM connections_goal AS each
    LEFT JOIN (
        -- What failed and was followed by nothing that has ended.
        SELECT failed.goal_id
        FROM connections_rungoal AS failed
        JOIN connections_run AS run ON run.id = failed.run_id AND NOT run.preview
        WHERE failed.state = 'failed'
            AND NOT EXISTS (
                SELECT FROM connections_rungoal AS part
                JOIN connections_run AS later ON later.id = part.run_id
                WHERE part.goal_id = failed.goal_id AND part.id > failed.id AND NOT later.preview
                    AND part.state = ANY (%(ended)s)
            )
    ) AS failure ON failure.goal_id = each.id
    WHERE coalesce((each.document ->> 'active')::boolean, true)
    GROUP BY each.connection_id
) AS goal ON goal.connection_id = connection.id
LEFT JOIN LATERAL (
    SELECT coalesce(run.started_at, run.queued_at) AS at
    FROM connections_run AS run
    WHERE run.connection_id = connection.id AND NOT run.preview
    ORDER BY run.number DESC
    LIMIT 1
) AS last_run ON true
LEFT JOIN connections_run AS open ON open.connection_id = connection.id AND open.state = ANY (%(open)s)
    AND NOT open.preview
ORDER BY connection.id

-- last_runs --
-- The latest runs of some connections with the records that they received, newest first.
SELECT run.connection_id, run.number, run.state, run.queued_at, run.started_at, run.finished_at,
    coalesce(part.received, 0)::bigint AS received, coalesce(part.done, 0)::bigint AS done
FROM unnest(%(connections)s::integer[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT *
    FROM connections_run
    WHERE connection_id = wanted.id AND NOT preview
    ORDER BY number DESC
    LIMIT %(most)s
) AS run
LEFT JOIN LATERAL (
    SELECT sum((counts ->> 'received')::bigint) AS received, sum(done) AS done
    FROM connections_rungoal
    WHERE run_id = run.id
) AS part ON true
ORDER BY run.connection_id, run.number DESC

-- last_parts --
-- Of each goal, its row in the last run that began it, and in the last in which it has ended.
SELECT wanted.id AS goal, begun.id AS begun, ended.id AS ended
FROM unnest(%(goals)s::integer[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT each.id
    FROM connections_rungoal AS each
    JOIN connections_run AS run ON run.id = each.run_id
    WHERE each.goal_id = wanted.id AND each.state <> 'queued' AND NOT run.preview
    ORDER BY each.id DESC
    LIMIT 1
) AS begun
LEFT JOIN LATERAL (
    SELECT each.id
    FROM connections_rungoal AS each
    JOIN connections_run AS run ON run.id = each.run_id
    WHERE each.goal_id = wanted.id AND each.state = ANY (%(ended)s) AND NOT run.preview
    ORDER BY each.id DESC
    LIMIT 1
) AS ended ON true

-- labels --
-- The labels in use, those of most connections first.
SELECT label
FROM connections_connection
CROSS JOIN LATERAL jsonb_array_elements_text(labels) AS label
GROUP BY label
ORDER BY count(*) DESC, label
LIMIT %(most)s
