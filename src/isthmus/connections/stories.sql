Statements that tell what is known of one record, or of one profile, in one connection.

-- links --
SELECT goal.key AS goal, goal.direction, link.record_id, link.profile_id, link.object, link.reason,
    link.gone, link.successor, link.stamp, link.sent_at
FROM store.record_link AS link
JOIN connections_goal AS goal ON goal.id = link.goal
WHERE goal.connection_id = %(connection)s AND link.record_id = ANY (%(record_ids)s)
ORDER BY goal.position, link.record_id
LIMIT %(most)s

-- skips --
SELECT goal.key AS goal, skip.profile_id, skip.record_id, skip.reason, run.number AS since
FROM store.export_skip AS skip
JOIN connections_goal AS goal ON goal.id = skip.goal
LEFT JOIN connections_rungoal AS part ON part.id = skip.run_goal
LEFT JOIN connections_run AS run ON run.id = part.run_id
WHERE goal.connection_id = %(connection)s AND skip.profile_id = ANY (%(profiles)s)
ORDER BY goal.position, skip.profile_id
LIMIT %(most)s

-- holds --
SELECT goal.key AS goal, hold.profile_id, hold.failures, hold.code, hold.next_at
FROM store.export_hold AS hold
JOIN connections_goal AS goal ON goal.id = hold.goal
WHERE goal.connection_id = %(connection)s AND hold.profile_id = ANY (%(profiles)s)
ORDER BY goal.position, hold.profile_id
LIMIT %(most)s

-- entries --
-- Outcomes and problems, newest first. Of one moment, the problem comes before what it led to. `which`
-- tells apart what a run noted of several records of one profile, and of several properties.
WITH noted AS (
    SELECT at, run_goal, 1 AS step, record_id, profile_id, outcome, reason,
        NULL AS field, NULL AS property, NULL AS code, NULL AS message
    FROM store.run_record
    WHERE record_id = ANY (%(record_ids)s)
    UNION
    SELECT at, run_goal, 1, record_id, profile_id, outcome, reason, NULL, NULL, NULL, NULL
    FROM store.run_record AS record
    WHERE record.profile_id = %(profile_id)s
        AND (record.record_id IS NULL OR record.outcome NOT IN ('created', 'updated', 'removed'))
    UNION
    SELECT at, run_goal, 0, record_id, profile_id, NULL, NULL, field, property, code, message
    FROM store.run_problem
    WHERE record_id = ANY (%(record_ids)s)
    UNION
    SELECT at, run_goal, 0, record_id, profile_id, NULL, NULL, field, property, code, message
    FROM store.run_problem
    WHERE profile_id = %(profile_id)s
),
placed AS (
    SELECT *, concat_ws(' ', field, property, code, outcome, reason, record_id, profile_id) AS which
    FROM noted
)
SELECT placed.at, placed.run_goal, placed.step, placed.which, part.key AS goal, part.direction,
    run.number AS run, placed.record_id, placed.profile_id, placed.outcome, placed.reason,
    placed.field, placed.code, placed.message
FROM placed
JOIN connections_rungoal AS part ON part.id = placed.run_goal
JOIN connections_run AS run ON run.id = part.run_id
WHERE run.connection_id = %(connection)s
    AND (
        %(after_at)s::timestamptz IS NULL
        OR (placed.at, placed.run_goal, placed.step, placed.which)
        < (%(after_at)s::timestamptz, %(after_goal)s::integer, %(after_step)s::integer,
            %(after_which)s::text)
    )
ORDER BY placed.at DESC, placed.run_goal DESC, placed.step DESC, placed.which DESC
LIMIT %(most)s
