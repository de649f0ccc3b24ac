Statements that find the rows behind a number of a run. They are asked for one goal's part in a run
(`part`) at a time, so that each page is a walk along an index; `first` and `last` are bounds of time
that say which partitions can have any of it.

-- outcomes --
SELECT record.at, record.run_goal, record.record_id, record.profile_id, record.outcome, record.reason
FROM store.run_record AS record
WHERE record.run_goal = %(part)s
    AND record.at BETWEEN %(first)s AND %(last)s
    AND (%(outcome)s::text IS NULL OR record.outcome = %(outcome)s)
    AND (%(reason)s::text IS NULL OR coalesce(record.reason, '') = %(reason)s)
    AND (
        %(after_at)s::timestamptz IS NULL
        OR (
            record.outcome, coalesce(record.reason, ''), record.at,
            coalesce(record.record_id, ''), coalesce(record.profile_id::text, '')
        ) > (
            %(after_outcome)s::text, %(after_reason)s::text, %(after_at)s::timestamptz,
            %(after_record)s::text, %(after_profile)s::text
        )
    )
ORDER BY record.outcome, coalesce(record.reason, ''), record.at,
    coalesce(record.record_id, ''), coalesce(record.profile_id::text, '')
LIMIT %(most)s

-- problems --
SELECT problem.at, problem.run_goal, problem.record_id, problem.profile_id, problem.field,
    problem.property AS target, problem.property IS NOT NULL AS of_field, problem.code,
    problem.message
FROM store.run_problem AS problem
WHERE problem.run_goal = %(part)s
    AND problem.at BETWEEN %(first)s AND %(last)s
    AND (%(code)s::text IS NULL OR problem.code = %(code)s)
    AND (%(field)s::text IS NULL OR coalesce(problem.field, '') = %(field)s)
    AND (%(cause)s::text IS NULL OR left(md5(store.folded(problem.message)), 16) = %(cause)s)
    AND (NOT %(fields_only)s OR problem.property IS NOT NULL)
    AND (
        %(after_at)s::timestamptz IS NULL
        OR (
            problem.code, problem.at, coalesce(problem.record_id, ''),
            coalesce(problem.profile_id::text, ''), coalesce(problem.field, ''),
            coalesce(problem.property, '')
        ) > (
            %(after_code)s::text, %(after_at)s::timestamptz, %(after_record)s::text,
            %(after_profile)s::text, %(after_field)s::text, %(after_target)s::text
        )
    )
ORDER BY problem.code, problem.at, coalesce(problem.record_id, ''),
    coalesce(problem.profile_id::text, ''), coalesce(problem.field, ''),
    coalesce(problem.property, '')
LIMIT %(most)s

-- outcomes_of --
-- What a run noted of one record, or of one profile and its records.
SELECT record.at, record.run_goal, record.record_id, record.profile_id, record.outcome, record.reason
FROM store.run_record AS record
WHERE record.run_goal = ANY (%(parts)s)
    AND record.at BETWEEN %(first)s AND %(last)s
    AND record.record_id = ANY (%(record_ids)s)
UNION
SELECT record.at, record.run_goal, record.record_id, record.profile_id, record.outcome, record.reason
FROM store.run_record AS record
WHERE record.run_goal = ANY (%(parts)s)
    AND record.at BETWEEN %(first)s AND %(last)s
    AND record.profile_id = %(profile_id)s
    AND (record.record_id IS NULL OR record.outcome NOT IN ('created', 'updated', 'removed'))
ORDER BY 1, 2
LIMIT %(most)s

-- problems_of --
SELECT problem.at, problem.run_goal, problem.record_id, problem.profile_id, problem.field,
    problem.property AS target, problem.property IS NOT NULL AS of_field, problem.code,
    problem.message
FROM store.run_problem AS problem
WHERE problem.run_goal = ANY (%(parts)s)
    AND problem.at BETWEEN %(first)s AND %(last)s
    AND problem.record_id = ANY (%(record_ids)s)
UNION
SELECT problem.at, problem.run_goal, problem.record_id, problem.profile_id, problem.field,
    problem.property AS target, problem.property IS NOT NULL AS of_field, problem.code,
    problem.message
FROM store.run_problem AS problem
WHERE problem.run_goal = ANY (%(parts)s)
    AND problem.at BETWEEN %(first)s AND %(last)s
    AND problem.profile_id = %(profile_id)s
ORDER BY 1, 2, 5
LIMIT %(most)s

-- records_of_profile --
-- A profile has few records; one that was merged from many may have more than are looked for.
SELECT DISTINCT record_id
FROM store.record_link
WHERE profile_id = %(profile_id)s
ORDER BY record_id
LIMIT 1000

-- records_left_out --
SELECT record_id, profile_id
FROM store.record_link
WHERE goal = %(goal)s AND reason = %(reason)s AND gone IS NULL
    AND record_id > %(after)s::text
ORDER BY record_id
LIMIT %(most)s

-- members_left_out --
SELECT record_id, profile_id
FROM store.export_skip
WHERE goal = %(goal)s AND reason = %(reason)s
    AND (%(after)s::text = '' OR profile_id > nullif(%(after)s, '')::uuid)
ORDER BY profile_id
LIMIT %(most)s

-- outcomes_kept --
-- For how many days outcomes are kept, where that was noted.
SELECT (days ->> 'run_record')::integer, (days ->> 'run_problem')::integer FROM store.keeping
