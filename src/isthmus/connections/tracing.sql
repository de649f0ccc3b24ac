Statements that look for what became of single records and members. `part` is a goal's part in a run.

-- noted --
-- The newest outcome up to a run. What was written to a record of a profile is found by its link, and
-- the rest by the profile: each has an index.
WITH linked AS MATERIALIZED (
    SELECT DISTINCT record_id FROM store.record_link WHERE profile_id = %(profile_id)s
),
noted AS (
    SELECT * FROM store.run_record AS record
    WHERE record.record_id = %(record_id)s
        AND (%(profile_id)s::uuid IS NULL OR record.profile_id = %(profile_id)s)
    UNION ALL
    SELECT * FROM store.run_record AS record
    WHERE %(record_id)s::text IS NULL AND record.profile_id = %(profile_id)s
        AND (record.record_id IS NULL OR record.outcome NOT IN ('created', 'updated', 'removed'))
    UNION ALL
    SELECT record.*
    FROM linked
    CROSS JOIN LATERAL (
        SELECT * FROM store.run_record AS record WHERE record.record_id = linked.record_id OFFSET 0
    ) AS record
    WHERE %(record_id)s::text IS NULL AND record.profile_id = %(profile_id)s
)
SELECT record.outcome, record.reason, record.record_id, record.profile_id, run.number AS run
FROM noted AS record
JOIN connections_rungoal AS part ON part.id = record.run_goal
JOIN connections_run AS run ON run.id = part.run_id
WHERE part.id = %(part)s OR part.goal_id = %(goal)s AND part.id < %(part)s
ORDER BY part.id DESC, record.at DESC
LIMIT 1

-- remembered_record --
-- Why an import leaves a record out, where that began before the oldest outcome that is kept.
SELECT
    CASE WHEN link.reason = 'too_large' THEN 'failed' ELSE 'skipped' END AS outcome,
    link.reason, link.record_id, link.profile_id, NULL::integer AS run
FROM store.record_link AS link
WHERE link.goal = %(goal)s AND link.record_id = %(record_id)s
    AND link.reason IN ('no_match', 'ambiguous', 'no_identifier', 'too_large')
    AND NOT EXISTS (
        SELECT FROM store.run_record AS record
        JOIN connections_rungoal AS part ON part.id = record.run_goal
        WHERE record.record_id = link.record_id AND part.goal_id = link.goal
    )

-- remembered_member --
-- Why an export skips a member, where it did so in that run already.
SELECT 'skipped' AS outcome, known.reason, known.record_id, known.profile_id, run.number AS run
FROM store.export_skip AS known
JOIN connections_rungoal AS part ON part.id = known.run_goal
JOIN connections_run AS run ON run.id = part.run_id
WHERE known.goal = %(goal)s AND known.run_goal <= %(part)s
    AND known.profile_id = %(profile_id)s

-- records_left_out --
SELECT
    CASE WHEN reason = 'too_large' THEN 'failed' ELSE 'skipped' END AS outcome,
    reason, record_id, profile_id, NULL::integer AS run
FROM store.record_link
WHERE goal = %(goal)s AND reason = %(reason)s AND gone IS NULL
ORDER BY record_id
LIMIT %(most)s

-- members_left_out --
SELECT 'skipped' AS outcome, known.reason, known.record_id, known.profile_id, run.number AS run
FROM store.export_skip AS known
JOIN connections_rungoal AS part ON part.id = known.run_goal
JOIN connections_run AS run ON run.id = part.run_id
WHERE known.goal = %(goal)s AND known.reason = %(reason)s
ORDER BY known.profile_id
LIMIT %(most)s
