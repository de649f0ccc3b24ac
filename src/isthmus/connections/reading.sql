Statements that read what runs did.

-- going_on --
-- Row ids of the connections that a process is running now: it holds the lock of the run.
SELECT objid::bigint
FROM pg_locks
WHERE locktype = 'advisory' AND classid = {lock} AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())

-- unheard_uploads --
-- Of each goal, its row in the last run that left an upload whose rows Salesforce may have saved, and
-- of which no result was read.
SELECT max(part.id)
FROM store.export_job AS job
JOIN connections_rungoal AS part ON part.id = job.run_goal
WHERE job.closing AND NOT job.reconciled AND part.goal_id = ANY (%(goals)s)
GROUP BY part.goal_id

-- first_problems --
SELECT problem.at, part.key, problem.record_id, problem.profile_id, problem.field, problem.code,
    problem.message
FROM store.run_problem AS problem
JOIN connections_rungoal AS part ON part.id = problem.run_goal
WHERE problem.run_goal = ANY (%(run_goals)s)
ORDER BY problem.at, problem.run_goal, problem.record_id, problem.field
LIMIT %(most)s

-- log --
-- All that is kept of a run. The bounds of time say which partitions can have any of it; they are
-- wide, because the moments of a run are this machine's and those of its rows the database's.
SELECT
    to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "time",
    level, goal, record_id AS "record id", profile_id AS "profile id", field, code, message
FROM (
    SELECT at, 0 AS step, level, goal, NULL AS record_id, NULL::uuid AS profile_id, NULL AS field,
        code, message
    FROM (VALUES {starts}) AS line (at, level, goal, code, message)
    WHERE {whole}
    UNION ALL
    -- Salesforce's own codes are in upper case, and what it refused was not written at all.
    SELECT problem.at, 1,
        CASE WHEN problem.code = upper(problem.code) THEN 'error' ELSE 'warning' END,
        part.key, problem.record_id, problem.profile_id, problem.field, problem.code, {words}
    FROM store.run_problem AS problem
    JOIN connections_rungoal AS part ON part.id = problem.run_goal
    WHERE part.run_id = {run}
        AND problem.at BETWEEN {first} AND {last}
        AND {problems_wanted}
    UNION ALL
    SELECT record.at, 2, coalesce(reason.level, outcome.level), part.key, record.record_id,
        record.profile_id, NULL, coalesce(record.reason, record.outcome),
        outcome.message || coalesce(' ' || reason.message, '')
    FROM store.run_record AS record
    JOIN connections_rungoal AS part ON part.id = record.run_goal
    JOIN (VALUES {outcomes}) AS outcome (direction, name, level, message)
        ON outcome.direction = part.direction AND outcome.name = record.outcome
    LEFT JOIN (VALUES {reasons}) AS reason (direction, name, level, message)
        ON reason.direction = part.direction AND reason.name = record.reason
    WHERE part.run_id = {run}
        AND record.at BETWEEN {first} AND {last}
        AND ({everything} OR coalesce(reason.level, outcome.level) <> 'info')
        AND {outcomes_wanted}
    UNION ALL
    SELECT at, 3, level, goal, NULL, NULL, NULL, code, message
    FROM (VALUES {ends}) AS line (at, level, goal, code, message)
    WHERE {whole}
) AS line
-- First and last lines stay there, whatever two clocks say.
ORDER BY step = 3, step > 0, at, step, goal, record_id, field

-- hidden_words --
-- What somebody reads of a problem who may not see personal data: of Salesforce's words what the code
-- means, of ours all but the values.
CASE
    WHEN problem.code = upper(problem.code) THEN coalesce(
        (SELECT meaning FROM (VALUES {meanings}) AS known (code, meaning)
         WHERE known.code = problem.code),
        {unknown}
    ) || ' ' || {hidden}
    ELSE regexp_replace(problem.message, {personal}, {dots}, 'g')
END

-- neutral --
-- The log for a program that takes some texts for formulas: an apostrophe says that they are none.
SELECT "time", level, goal, "record id", "profile id",
    CASE WHEN field ~ {formula} THEN '''' || field ELSE field END AS field,
    CASE WHEN code ~ {formula} THEN '''' || code ELSE code END AS code,
    CASE WHEN message ~ {formula} THEN '''' || message ELSE message END AS message
FROM ({log}) AS line
