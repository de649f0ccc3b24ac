The fixed statements of an export. The segment's members are in a temporary table of the session.

-- covered --
-- What is open now is stamped with its begin, and is seen only when it ends.
SELECT least(now(), min(xact_start))
FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend'
    AND pid <> pg_backend_pid()

-- make_member --
CREATE TEMPORARY TABLE export_member (
    profile_id uuid PRIMARY KEY,
    changed boolean NOT NULL,            -- since the last run, as far as it can be told at once
    record_id text COLLATE "C",
    operation text,                      -- insert or update
    before bigint[],                     -- hashes of what was last accepted, by slot
    taken bigint[],                      -- hashes of properties that were read from Salesforce
    settled boolean NOT NULL DEFAULT false,  -- sent by this version of the goal, without trouble
    outcome text,
    reason text
)

-- make_key --
CREATE TEMPORARY TABLE export_key (profile_id uuid NOT NULL, key text NOT NULL)

-- make_found --
CREATE TEMPORARY TABLE export_found (record_id text COLLATE "C" NOT NULL, key text)

-- make_problem --
-- What is to be told of the members; written down together with the rows.
CREATE TEMPORARY TABLE export_problem (
    profile_id uuid NOT NULL,
    record_id text COLLATE "C",
    field text,
    property text,
    code text NOT NULL,
    message text NOT NULL,
    value text
)

-- make_news --
-- Members that are skipped and were not, or for another reason, or with something else to say.
CREATE TEMPORARY TABLE export_news (
    profile_id uuid NOT NULL,
    record_id text COLLATE "C",
    reason text NOT NULL,
    told bigint,
    stands boolean NOT NULL              -- for the same reason as before
)

-- make_seen_open --
CREATE TEMPORARY TABLE export_seen_open (profile_id uuid PRIMARY KEY, at timestamptz NOT NULL)

-- see_open --
INSERT INTO export_seen_open (profile_id, at)
SELECT profile_id, at FROM store.export_open WHERE goal = %(goal)s

-- drop_tables --
DROP TABLE IF EXISTS
    export_member, export_candidate, export_scan, export_unsettled, export_seen_open, export_key, export_found, export_problem,
    export_news, export_value, export_result, export_told

-- estimate_profiles --
SELECT reltuples FROM pg_class WHERE oid = 'store.profile'::regclass

-- open_members --
-- Members that this run has begun and of which Salesforce has not said anything yet.
INSERT INTO export_member (profile_id, changed, outcome, reason)
SELECT
    row.profile_id,
    true,
    CASE WHEN p.profile_id IS NULL THEN 'skipped' END,
    CASE WHEN p.profile_id IS NULL THEN 'profile_gone' END
FROM store.export_row AS row
LEFT JOIN store.profile AS p USING (profile_id)
WHERE row.run_goal = %(run_goal)s AND row.outcome IS NULL

-- join_links --
-- Records that are linked to a member, by any goal of the org.
WITH live AS (
    SELECT link.profile_id, array_agg(DISTINCT link.record_id) AS records
    FROM store.record_link AS link
    JOIN export_member USING (profile_id)
    WHERE link.goal = ANY (%(goals)s) AND link.object = %(object)s AND link.gone IS NULL
    GROUP BY link.profile_id
)
UPDATE export_member AS member
SET
    record_id = CASE WHEN cardinality(records) = 1 THEN records[1] END,
    outcome = CASE WHEN cardinality(records) > 1 THEN 'skipped' END,
    reason = CASE WHEN cardinality(records) > 1 THEN 'ambiguous' END
FROM live
WHERE live.profile_id = member.profile_id AND member.outcome IS NULL

-- pass_converted --
-- A lead that was converted goes on as a contact; another lead for the same person would be wrong.
UPDATE export_member AS member
SET outcome = 'skipped', reason = 'converted'
WHERE outcome IS NULL AND record_id IS NULL
    AND EXISTS (
        SELECT FROM store.record_link AS link
        WHERE link.profile_id = member.profile_id AND link.goal = ANY (%(goals)s)
            AND link.object = %(object)s AND link.gone = 'converted'
    )

-- note_several_records --
INSERT INTO export_problem (profile_id, code, message)
SELECT
    member.profile_id, 'several_records',
    'The profile is linked to several records: ' || string_agg(DISTINCT link.record_id, ', ')
    || '. Nothing was sent. Merge the records in Salesforce, or split the profile.'
FROM export_member AS member
JOIN store.record_link AS link
    ON link.profile_id = member.profile_id
    AND link.goal = ANY (%(goals)s) AND link.object = %(object)s AND link.gone IS NULL
WHERE member.reason = 'ambiguous'
GROUP BY member.profile_id

-- join_sent --
UPDATE export_member AS member
SET
    before = link.sent,
    taken = CASE WHEN coalesce(link.version, %(version)s) = %(version)s THEN link.taken_over END,
    settled = link.version IS NOT DISTINCT FROM %(version)s
        AND link.reason IS NULL AND link.sent IS NOT NULL
FROM store.record_link AS link
WHERE link.record_id = member.record_id AND link.goal = %(goal)s

-- pass_unchanged --
UPDATE export_member
SET outcome = 'unchanged'
WHERE outcome IS NULL AND settled AND NOT changed

-- keys_of_profile_id --
INSERT INTO export_key (profile_id, key)
SELECT profile_id, profile_id::text
FROM export_member
WHERE outcome IS NULL AND record_id IS NULL

-- keys_of_identifier --
INSERT INTO export_key (profile_id, key)
SELECT member.profile_id, held.value
FROM export_member AS member
JOIN store.identifier AS held ON held.profile_id = member.profile_id
WHERE held.property = %(property)s AND member.outcome IS NULL AND member.record_id IS NULL

-- keep_record_ids --
-- A list of record ids holds those of other objects too.
DELETE FROM export_key
WHERE key !~ '^[A-Za-z0-9]{18}$' OR (%(prefix)s::text IS NOT NULL AND left(key, 3) <> %(prefix)s)

-- pass_without_key --
UPDATE export_member AS member
SET outcome = 'skipped', reason = 'no_identifier'
WHERE outcome IS NULL AND record_id IS NULL
    AND NOT EXISTS (SELECT FROM export_key AS key WHERE key.profile_id = member.profile_id)

-- measure_keys --
SELECT count(*), coalesce(sum(length(key) + 8), 0) FROM export_key

-- quote_keys --
-- The keys as SOQL strings; backslash and quote are the characters that end or change one.
SELECT string_agg(
    DISTINCT '''' || replace(replace(key, '\', '\\'), '''', '\''') || '''', ', '
)
FROM export_key

-- match_found --
-- One record for one profile, or nothing at all.
WITH pair AS (
    SELECT DISTINCT key.profile_id, found.record_id
    FROM export_key AS key
    JOIN export_found AS found
        ON CASE WHEN %(exact)s THEN found.key = key.key ELSE lower(found.key) = lower(key.key) END
),
claim AS (
    SELECT
        profile_id,
        record_id,
        count(*) OVER (PARTITION BY profile_id) AS records,
        count(*) OVER (PARTITION BY record_id) AS profiles
    FROM pair
),
judged AS (
    SELECT
        profile_id,
        min(record_id) AS record_id,
        max(records) > 1 AS many_records,
        max(profiles) > 1 AS many_profiles,
        bool_or(EXISTS (
            SELECT FROM store.record_link AS link
            WHERE link.record_id = claim.record_id AND link.goal = ANY (%(goals)s)
                AND link.gone IS NULL AND link.profile_id <> claim.profile_id
        )) AS of_another
    FROM claim
    GROUP BY profile_id
),
noted AS (
    INSERT INTO export_problem (profile_id, record_id, code, message)
    SELECT
        profile_id, record_id,
        CASE WHEN many_records THEN 'several_records' ELSE 'several_profiles' END,
        CASE
            WHEN many_records THEN 'Several records match the profile. Nothing was sent. Merge '
                || 'the records in Salesforce, or match by a field that is unique.'
            ELSE 'The record matches several profiles, or is linked to another one. Nothing was '
                || 'sent. Merge the profiles, or correct the identifier.'
        END
    FROM judged
    WHERE many_records OR many_profiles OR of_another
)
UPDATE export_member AS member
SET
    record_id = CASE
        WHEN many_records OR many_profiles OR of_another THEN NULL ELSE judged.record_id
    END,
    outcome = CASE WHEN many_records OR many_profiles OR of_another THEN 'skipped' END,
    reason = CASE WHEN many_records OR many_profiles OR of_another THEN 'ambiguous' END
FROM judged
WHERE judged.profile_id = member.profile_id

-- pass_shared_keys --
-- Two profiles whose keys are one to Salesforce would become two records for one key.
WITH unmatched AS (
    SELECT profile_id, CASE WHEN %(exact)s THEN key ELSE lower(key) END AS key
    FROM export_key JOIN export_member USING (profile_id)
    WHERE outcome IS NULL AND record_id IS NULL
),
shared AS (
    SELECT DISTINCT profile_id
    FROM unmatched
    WHERE key IN (
        SELECT key FROM unmatched GROUP BY key HAVING count(DISTINCT profile_id) > 1
    )
),
noted AS (
    INSERT INTO export_problem (profile_id, code, message)
    SELECT
        profile_id, 'several_profiles',
        'Several profiles have this key, apart from upper and lower case. No record was created. '
        || 'Merge the profiles, or correct the identifier.'
    FROM shared
)
UPDATE export_member AS member
SET outcome = 'skipped', reason = 'ambiguous'
FROM shared
WHERE member.profile_id = shared.profile_id

-- choose_operation --
-- Where the goal only creates, it is done with a record that it has written to before.
UPDATE export_member
SET
    operation = CASE
        WHEN record_id IS NULL THEN CASE WHEN %(creates)s THEN 'insert' END
        WHEN %(updates)s OR before IS NOT NULL THEN 'update'
    END,
    outcome = CASE
        WHEN CASE WHEN record_id IS NULL THEN %(creates)s ELSE %(updates)s END THEN NULL
        WHEN before IS NOT NULL THEN 'unchanged'
        ELSE 'skipped'
    END,
    reason = CASE
        WHEN before IS NOT NULL THEN NULL
        WHEN record_id IS NULL THEN CASE WHEN NOT %(creates)s THEN 'no_match' END
        WHEN NOT %(updates)s THEN 'not_updated'
    END
WHERE outcome IS NULL

-- forget_open --
-- Rows that are built again, with what was told of their values.
WITH open AS (
    DELETE FROM store.export_row
    WHERE run_goal = %(run_goal)s AND outcome IS NULL
    RETURNING profile_id
)
DELETE FROM store.run_problem AS problem
USING open
WHERE problem.run_goal = %(run_goal)s AND problem.profile_id = open.profile_id
    AND problem.property IS NOT NULL

-- pass_held --
-- Rows that were refused again and again and have not changed wait; so do rows of which it is not
-- known whether their records were created.
WITH held AS (
    DELETE FROM store.export_row AS row
    USING store.export_hold AS hold
    WHERE row.run_goal = %(run_goal)s AND row.outcome IS NULL
        AND hold.goal = %(goal)s AND hold.profile_id = row.profile_id AND hold.next_at > now()
        AND CASE
            WHEN hold.code = 'outcome_unknown' THEN row.operation = 'insert'
            ELSE hold.row_hash
                = md5((ARRAY[row.operation, row.record_id] || row.cells)::text)::uuid
        END
    RETURNING row.profile_id, row.record_id, hold.code, hold.failures, hold.next_at
),
noted AS (
    INSERT INTO export_problem (profile_id, record_id, code, message)
    SELECT profile_id, record_id, code, CASE
        WHEN code = 'outcome_unknown' THEN 'It is not known whether Salesforce created the '
            || 'record, so it is not created again. Look for it in Salesforce; if it is not there, '
            || 'run the goal with everything again.'
        ELSE 'Salesforce refused the same row ' || failures || ' times. It is tried again after '
            || to_char(next_at, 'YYYY-MM-DD HH24:MI') || ' UTC, or as soon as a value changes.'
    END
    FROM held
)
UPDATE export_member AS member
SET outcome = 'skipped',
    reason = CASE WHEN held.code = 'outcome_unknown' THEN held.code ELSE 'held' END
FROM held
WHERE held.profile_id = member.profile_id

-- keep_first_rows --
-- The rows of the first so many members that have any; those with an outcome are among them.
DELETE FROM store.export_row AS row
WHERE run_goal = %(run_goal)s AND outcome IS NULL
    AND profile_id NOT IN (
        SELECT profile_id FROM store.export_row
        WHERE run_goal = %(run_goal)s
        ORDER BY outcome IS NULL, profile_id
        LIMIT %(first)s
    )

-- pass_without_cells --
UPDATE export_member AS member
SET
    outcome = CASE WHEN operation = 'update' THEN 'unchanged' ELSE 'skipped' END,
    reason = CASE WHEN operation = 'insert' THEN 'nothing_to_send' END
WHERE outcome IS NULL
    AND NOT EXISTS (
        SELECT FROM store.export_row AS row
        WHERE row.run_goal = %(run_goal)s AND row.profile_id = member.profile_id
    )

-- split_parts --
-- Uploads of a size that Salesforce takes, in the order of the record ids, after those there are.
WITH last AS (
    SELECT greatest(
        (SELECT max(part) FROM store.export_row
         WHERE run_goal = %(run_goal)s AND outcome IS NOT NULL),
        (SELECT max(part) FROM store.export_job WHERE run_goal = %(run_goal)s),
        0
    ) AS part
),
sized AS (
    SELECT
        profile_id,
        -- A small part goes ahead of many rows: where it is refused whole, so would be the others.
        CASE WHEN rows > %(many)s AND place <= %(first)s THEN 1 ELSE 2 END
            + greatest(bytes / %(bytes)s, (place - 1) / %(rows)s)::integer + last.part AS part
    FROM (
        SELECT
            profile_id,
            count(*) OVER (PARTITION BY operation) AS rows,
            row_number() OVER (PARTITION BY operation ORDER BY record_id, profile_id) AS place,
            sum(octet_length(array_to_string(cells, '","', '')) + 40) OVER (
                PARTITION BY operation ORDER BY record_id, profile_id
            ) AS bytes
        FROM store.export_row
        WHERE run_goal = %(run_goal)s AND outcome IS NULL
    ) AS row
    CROSS JOIN last
)
UPDATE store.export_row AS row
SET part = sized.part
FROM sized
WHERE row.run_goal = %(run_goal)s AND row.profile_id = sized.profile_id AND row.part <> sized.part

-- note_problems --
-- All problems of values. What is said of a member as a whole is said when it is news.
INSERT INTO store.run_problem
    (profile_id, run_goal, record_id, field, property, code, message, value)
SELECT profile_id, %(run_goal)s, record_id, field, property, code, message, value
FROM export_problem
WHERE property IS NOT NULL OR profile_id IN (SELECT profile_id FROM export_news)

-- mark_troubled --
-- A value that could not be sent is looked at again by every run, until it fits or is gone.
UPDATE store.export_row AS row
SET troubled = true
WHERE row.run_goal = %(run_goal)s AND row.outcome IS NULL
    AND EXISTS (
        SELECT FROM export_problem AS problem
        WHERE problem.profile_id = row.profile_id AND problem.property IS NOT NULL
    )

-- keep_looked_at --
-- Members that were looked at and have nothing to send: the next run need not look, unless a
-- value of theirs could not be sent.
UPDATE store.record_link AS link
SET version = %(version)s, reason = CASE WHEN member.troubled THEN 'problem' END
FROM (
    SELECT member.record_id, problem.profile_id IS NOT NULL AS troubled
    FROM export_member AS member
    LEFT JOIN (
        SELECT DISTINCT profile_id FROM export_problem WHERE property IS NOT NULL
    ) AS problem USING (profile_id)
    WHERE member.outcome = 'unchanged' AND member.operation = 'update'
) AS member
WHERE link.record_id = member.record_id AND link.goal = %(goal)s
    AND (
        link.version IS DISTINCT FROM %(version)s
        OR link.reason IS DISTINCT FROM CASE WHEN member.troubled THEN 'problem' END
    )

-- keep_open_members --
-- Members with nothing to send that no link of the goal tells of; the skipped ones are noted apart.
-- Those with a row to send follow once it is known what became of it.
INSERT INTO store.export_open (goal, profile_id)
SELECT %(goal)s, profile_id
FROM export_member AS member
WHERE outcome = 'unchanged'
    AND NOT EXISTS (
        SELECT FROM store.record_link AS link
        WHERE link.profile_id = member.profile_id AND link.goal = %(goal)s
    )
ORDER BY profile_id
ON CONFLICT DO NOTHING

-- forget_open_members --
-- What the run saw of members that it has looked at, unless it stands: nothing to send, no link.
DELETE FROM store.export_open AS open
USING export_seen_open AS seen, export_member AS member
WHERE open.goal = %(goal)s
    AND seen.profile_id = open.profile_id AND seen.at = open.at
    AND member.profile_id = open.profile_id
    AND (
        member.outcome IS DISTINCT FROM 'unchanged'
        OR member.profile_id IN (
            SELECT link.profile_id FROM store.record_link AS link
            JOIN export_seen_open USING (profile_id)
            WHERE link.goal = %(goal)s
        )
    )

-- forget_open_profiles --
DELETE FROM store.export_open AS open
WHERE goal = %(goal)s
    AND NOT EXISTS (SELECT FROM store.profile AS p WHERE p.profile_id = open.profile_id)

-- note_segment --
-- By which condition the members were selected that are noted as open; in one transaction with them,
-- because a run with another condition may never end.
UPDATE connections_goal
SET read_segment = %(segment)s, read_whole_at = coalesce(%(whole_at)s, read_whole_at)
WHERE id = %(goal)s

-- find_news --
INSERT INTO export_news (profile_id, record_id, reason, told, stands)
SELECT
    member.profile_id, member.record_id, member.reason, problem.told,
    known.reason IS NOT DISTINCT FROM member.reason
FROM export_member AS member
LEFT JOIN store.export_skip AS known
    ON known.goal = %(goal)s AND known.profile_id = member.profile_id
LEFT JOIN (
    SELECT profile_id, hashtextextended(
        string_agg(concat_ws(' ', record_id, code, message), ' ' ORDER BY code, record_id), 0
    ) AS told
    FROM export_problem
    WHERE property IS NULL
    GROUP BY profile_id
) AS problem ON problem.profile_id = member.profile_id
WHERE member.outcome = 'skipped'
    AND (
        known.reason IS DISTINCT FROM member.reason OR known.told IS DISTINCT FROM problem.told
        OR known.record_id IS DISTINCT FROM member.record_id
    )

-- keep_skips --
-- What has not changed is not written again, however many members are skipped.
INSERT INTO store.export_skip AS known (goal, profile_id, record_id, reason, told, run_goal)
SELECT %(goal)s, profile_id, record_id, reason, told, %(run_goal)s
FROM export_news
WHERE reason <> 'profile_gone'
ORDER BY profile_id
ON CONFLICT (goal, profile_id) DO UPDATE
SET record_id = excluded.record_id, reason = excluded.reason, told = excluded.told,
    run_goal = CASE
        WHEN known.reason = excluded.reason THEN known.run_goal ELSE excluded.run_goal
    END

-- note_decided --
-- Only skipped and unchanged members are decided by now; the others have rows to send.
INSERT INTO store.run_record (profile_id, run_goal, record_id, outcome, reason)
SELECT profile_id, %(run_goal)s, record_id, 'skipped', reason
FROM export_news
WHERE NOT stands

-- leave_others --
-- Of a run of a few members, those that have no row are none of its business.
DELETE FROM export_member AS member
WHERE NOT EXISTS (
    SELECT FROM store.export_row AS row
    WHERE row.run_goal = %(run_goal)s AND row.profile_id = member.profile_id
)

-- leave_others_problems --
DELETE FROM export_problem
WHERE profile_id NOT IN (SELECT profile_id FROM export_member)

-- leave_all_but --
DELETE FROM export_member WHERE %(profile)s::uuid IS NULL OR profile_id <> %(profile)s

-- count_rows_of_run --
SELECT
    count(*) FILTER (WHERE operation = 'insert'),
    count(*) FILTER (WHERE operation = 'update')
FROM store.export_row
WHERE run_goal = %(run_goal)s

-- profile_of_record --
-- The profile that a record is linked to, by whichever goal of the org.
SELECT profile_id
FROM store.record_link
WHERE record_id = %(record_id)s AND goal = ANY (%(goals)s) AND profile_id IS NOT NULL
ORDER BY gone IS NOT NULL, goal
LIMIT 1

-- is_profile --
SELECT EXISTS (SELECT FROM store.profile WHERE profile_id = %(profile)s)

-- note_only --
-- Whatever became of the one profile, also that nothing is new.
INSERT INTO store.run_record (profile_id, run_goal, record_id, outcome, reason)
SELECT profile_id, %(run_goal)s, record_id, outcome, reason
FROM export_member
WHERE outcome IS NOT NULL

-- note_not_there --
INSERT INTO store.run_record (profile_id, run_goal, record_id, outcome, reason)
VALUES (%(profile)s, %(run_goal)s, %(record_id)s, 'skipped', %(reason)s)

-- note_only_problems --
INSERT INTO store.run_problem
    (profile_id, run_goal, record_id, field, property, code, message, value)
SELECT profile_id, %(run_goal)s, record_id, field, property, code, message, value
FROM export_problem
WHERE profile_id IN (SELECT profile_id FROM export_member)

-- cells_of --
SELECT operation, cells FROM store.export_row WHERE run_goal = %(run_goal)s LIMIT 1

-- count_decided --
SELECT outcome, reason, count(*) FROM export_member WHERE outcome IS NOT NULL GROUP BY 1, 2

-- note_begun --
UPDATE connections_rungoal SET begun = %(begun)s WHERE id = %(run_goal)s

-- parts --
SELECT operation, part, count(*)
FROM store.export_row
WHERE run_goal = %(run_goal)s AND outcome IS NULL
GROUP BY operation, part
ORDER BY operation DESC, part

-- next_part --
SELECT 1 + greatest(
    (SELECT max(part) FROM store.export_row WHERE run_goal = %(run_goal)s),
    (SELECT max(part) FROM store.export_job WHERE run_goal = %(run_goal)s),
    0
)

-- intend_job --
-- Before Salesforce is asked for a job: should its answer get lost, the job is looked for.
INSERT INTO store.export_job (run_goal, operation, part, job_id, fields, places)
VALUES (%(run_goal)s, %(operation)s, %(part)s, '', %(fields)s, %(places)s)

-- know_job --
UPDATE store.export_job SET job_id = %(job)s
WHERE run_goal = %(run_goal)s AND operation = %(operation)s AND part = %(part)s

-- close_job --
-- From here on rows of the job may be saved.
UPDATE store.export_job SET closing = true
WHERE run_goal = %(run_goal)s AND operation = %(operation)s AND part = %(part)s

-- settle_job --
UPDATE store.export_job SET reconciled = true
WHERE run_goal = %(run_goal)s AND operation = %(operation)s AND part = %(part)s

-- open_jobs --
-- Uploads of this run or earlier ones of the goal of which it is not known what became of them.
SELECT job.run_goal, job.operation, job.part, job.fields, job.places, job.job_id, job.closing,
    part_of.begun
FROM store.export_job AS job
JOIN connections_rungoal AS part_of ON part_of.id = job.run_goal
WHERE part_of.goal_id = %(goal)s AND NOT job.reconciled
ORDER BY job.run_goal, job.operation DESC, job.part

-- known_jobs --
SELECT job_id FROM store.export_job WHERE job_id = ANY (%(jobs)s)

-- jobs_of_others --
-- Uploads of other goals that create records of the same object, and may do so right now.
SELECT job.job_id
FROM store.export_job AS job
JOIN connections_rungoal AS part_of ON part_of.id = job.run_goal
JOIN connections_goal AS goal ON goal.id = part_of.goal_id
WHERE NOT job.reconciled AND job.closing AND job.operation = 'insert'
    AND goal.id = ANY (%(goals)s) AND goal.id <> %(goal)s
    AND goal.document ->> 'object' = %(object)s

-- make_told --
CREATE TEMPORARY TABLE export_told (
    profile_id uuid NOT NULL,
    owner uuid,                          -- the profile that stands for it now, where it is another
    record_id text COLLATE "C",
    kind text NOT NULL,
    error text
)

-- tell_updates --
-- What Salesforce said of each row that has no outcome yet. A result that came twice counts once.
INSERT INTO export_told (profile_id, record_id, kind, error)
SELECT DISTINCT ON (row.profile_id) row.profile_id, row.record_id, result.kind, result.error
FROM export_result AS result
JOIN store.export_row AS row ON row.record_id = result.key_id
WHERE row.run_goal = %(run_goal)s AND row.operation = %(operation)s AND row.part = %(part)s
    AND row.outcome IS NULL
ORDER BY row.profile_id, array_position(ARRAY['successful', 'failed', 'unprocessed'], result.kind)

-- tell_inserts --
-- New rows are found by all their cells. Rows that are equal in every cell become records that are
-- equal in every field, so it does not matter which of them is whose: each takes one.
WITH told AS (
    SELECT DISTINCT ON (coalesce(record_id, ctid::text)) record_id, kind, error, row_hash
    FROM export_result
),
result AS (
    SELECT told.*, row_number() OVER (
        PARTITION BY row_hash
        ORDER BY array_position(ARRAY['successful', 'failed', 'unprocessed'], kind), record_id
    ) AS turn
    FROM told
),
sent AS (
    SELECT profile_id, row_hash, row_number() OVER (
        PARTITION BY row_hash ORDER BY profile_id
    ) AS turn
    FROM store.export_row
    WHERE run_goal = %(run_goal)s AND operation = %(operation)s AND part = %(part)s
        AND outcome IS NULL
)
INSERT INTO export_told (profile_id, record_id, kind, error)
SELECT sent.profile_id, result.record_id, result.kind, result.error
FROM sent JOIN result USING (row_hash, turn)

-- follow_merged --
-- A profile that became part of another one meanwhile: what was sent for it belongs to that one.
UPDATE export_told AS told
SET owner = merged.survivor
FROM store.profile_merge AS merged
WHERE merged.profile_id = told.profile_id

-- note_results --
UPDATE store.export_row AS row
SET
    record_id = coalesce(told.record_id, row.record_id),
    outcome = CASE
        WHEN told.kind = 'successful' AND row.operation = 'insert' THEN 'created'
        WHEN told.kind = 'successful' THEN 'updated'
        WHEN told.kind = 'unprocessed' THEN 'unprocessed'
        WHEN told.error LIKE 'UNABLE_TO_LOCK_ROW:%%' THEN 'locked'
        -- What Salesforce says of a record that is no longer in the recycle bin.
        WHEN row.operation = 'update' AND told.error ~ '^INVALID_CROSS_REFERENCE_KEY:.*:(Id)? *--\s*$'
            THEN 'failed:ENTITY_IS_DELETED'
        ELSE 'failed:' || coalesce(substring(told.error FROM '^([A-Z][A-Z0-9_]*):'), 'refused')
    END
FROM export_told AS told
WHERE row.run_goal = %(run_goal)s AND row.operation = %(operation)s AND row.part = %(part)s
    AND row.profile_id = told.profile_id

-- any_failed --
SELECT EXISTS (SELECT FROM export_told WHERE kind = 'failed')

-- note_failures --
-- Salesforce's own words; `CODE:message:fields --`, where the message may hold colons.
INSERT INTO store.run_problem (profile_id, run_goal, record_id, field, code, message)
SELECT
    row.profile_id,
    %(run_goal)s,
    row.record_id,
    nullif(rtrim(substring(told.error FROM ':([^:]*)--\s*$')), ''),
    coalesce(substring(told.error FROM '^([A-Z][A-Z0-9_]*):'), upper(told.kind)),
    regexp_replace(regexp_replace(told.error, '^[A-Z][A-Z0-9_]*:', ''), ':[^:]*--\s*$', '')
FROM export_told AS told
JOIN store.export_row AS row
    ON row.run_goal = %(run_goal)s AND row.operation = %(operation)s AND row.part = %(part)s
    AND row.profile_id = told.profile_id
WHERE row.outcome LIKE 'failed:%%'

-- note_outcomes --
INSERT INTO store.run_record (profile_id, run_goal, record_id, outcome, reason)
SELECT
    row.profile_id, %(run_goal)s, row.record_id,
    split_part(row.outcome, ':', 1), nullif(split_part(row.outcome, ':', 2), '')
FROM export_told AS told
JOIN store.export_row AS row
    ON row.run_goal = %(run_goal)s AND row.operation = %(operation)s AND row.part = %(part)s
    AND row.profile_id = told.profile_id
WHERE row.outcome NOT IN ('locked', 'unprocessed')

-- keep_links --
-- What was accepted, and only that, is remembered as sent.
INSERT INTO store.record_link
    (record_id, goal, profile_id, object, version, sent, held, sent_at, reason)
SELECT
    row.record_id, %(goal)s, coalesce(told.owner, row.profile_id), %(object)s, %(version)s,
    row.sent, row.held, now(),
    CASE WHEN row.troubled THEN 'problem' END
FROM export_told AS told
JOIN store.export_row AS row
    ON row.run_goal = %(run_goal)s AND row.operation = %(operation)s AND row.part = %(part)s
    AND row.profile_id = told.profile_id
WHERE row.outcome IN ('created', 'updated')
ORDER BY row.record_id
ON CONFLICT (record_id, goal) DO UPDATE
SET profile_id = excluded.profile_id, version = excluded.version, sent = excluded.sent,
    sent_at = excluded.sent_at, gone = NULL, reason = excluded.reason,
    held = ARRAY(
        SELECT coalesce(sent, known)
        FROM unnest(excluded.held, record_link.held) WITH ORDINALITY AS u (sent, known, slot)
        ORDER BY slot
    ),
    taken_over = ARRAY(
        SELECT CASE WHEN sent IS NULL THEN taken END
        FROM unnest(excluded.held, record_link.taken_over) WITH ORDINALITY AS u (sent, taken, slot)
        ORDER BY slot
    )

-- mark_failed_links --
UPDATE store.record_link AS link
SET
    reason = 'failed',
    gone = CASE WHEN row.outcome = 'failed:ENTITY_IS_DELETED' THEN 'deleted' ELSE link.gone END
FROM (
    SELECT row.record_id, row.outcome
    FROM export_told AS told
    -- A look-up for each: the outcomes are in no statistics yet.
    CROSS JOIN LATERAL (
        SELECT record_id, outcome FROM store.export_row AS sent
        WHERE sent.run_goal = %(run_goal)s AND sent.profile_id = told.profile_id
        OFFSET 0
    ) AS row
    WHERE told.kind <> 'successful' AND row.outcome LIKE 'failed:%%'
) AS row
WHERE link.record_id = row.record_id AND link.goal = %(goal)s

-- count_profiles --
-- Profiles that the goal has sent for the first time, once for it and once for its connection.
WITH member AS (
    SELECT DISTINCT coalesce(told.owner, row.profile_id) AS profile_id
    FROM export_told AS told
    JOIN store.export_row AS row
        ON row.run_goal = %(run_goal)s AND row.operation = %(operation)s AND row.part = %(part)s
        AND row.profile_id = told.profile_id
    WHERE row.outcome IN ('created', 'updated')
),
new AS (
    INSERT INTO store.exchanged_profile (profile_id, connection, goal, again, day, exported)
    SELECT member.profile_id, %(connection)s, %(goal)s,
        CASE WHEN known.goal IS NULL THEN 0 ELSE %(goal)s END, %(day)s, true
    FROM member
    LEFT JOIN store.exchanged_profile AS known
        ON known.profile_id = member.profile_id AND known.connection = %(connection)s
        AND known.exported AND known.again = 0 AND NOT known.made
    WHERE known.goal IS DISTINCT FROM %(goal)s
    ORDER BY member.profile_id
    ON CONFLICT DO NOTHING
    RETURNING again
)
INSERT INTO store.exchanged_sum (day, connection, goal, profiles, firsts, exported)
SELECT %(day)s, %(connection)s, %(goal)s, count(*), count(*) FILTER (WHERE again = 0), true
FROM new
HAVING count(*) > 0

-- count_untold --
SELECT count(*) FILTER (WHERE outcome IS NULL), count(*)
FROM store.export_row
WHERE run_goal = %(run_goal)s AND operation = %(operation)s AND part = %(part)s

-- open_again --
-- Rows that Salesforce has not tried, or that others had locked, can go out again.
UPDATE store.export_row
SET outcome = NULL, part = coalesce(%(part)s, part)
WHERE run_goal = %(run_goal)s AND outcome = %(outcome)s

-- give_up --
-- Rows that stay as they are in this run; the next one sends them again. Those of a job that may
-- have saved them wait for what Salesforce says of it.
WITH given_up AS (
    UPDATE store.export_row AS row
    SET outcome = 'failed:' || %(reason)s
    WHERE run_goal = %(run_goal)s
        AND (%(operation)s::text IS NULL OR operation = %(operation)s)
        AND (%(part)s::integer IS NULL OR part = %(part)s)
        AND outcome IS NOT DISTINCT FROM %(outcome)s
        AND NOT EXISTS (
            SELECT FROM store.export_job AS job
            WHERE job.run_goal = row.run_goal AND job.operation = row.operation
                AND job.part = row.part AND job.closing AND NOT job.reconciled
        )
    RETURNING profile_id, record_id
),
linked AS (
    UPDATE store.record_link AS link
    SET reason = 'failed'
    FROM given_up
    WHERE link.record_id = given_up.record_id AND link.goal = %(goal)s
),
noted AS (
    INSERT INTO store.run_problem (profile_id, run_goal, record_id, code, message)
    SELECT profile_id, %(run_goal)s, record_id, upper(%(reason)s), %(message)s
    FROM given_up
)
INSERT INTO store.run_record (profile_id, run_goal, record_id, outcome, reason)
SELECT profile_id, %(run_goal)s, record_id, 'failed', %(reason)s FROM given_up

-- count_rows --
SELECT
    split_part(coalesce(outcome, 'failed:not_sent'), ':', 1),
    nullif(split_part(coalesce(outcome, 'failed:not_sent'), ':', 2), ''),
    count(*)
FROM store.export_row
WHERE run_goal = %(run_goal)s
GROUP BY 1, 2

-- count_problems --
SELECT count(*) FROM store.run_problem WHERE run_goal = %(run_goal)s AND property IS NOT NULL

-- finish_goal --
UPDATE connections_rungoal SET begun = %(begun)s, counts = %(counts)s WHERE id = %(run_goal)s

-- keep_open --
-- What was not accepted is looked at again, whether its profile changes or not.
INSERT INTO store.export_open (goal, profile_id)
SELECT %(goal)s, profile_id
FROM store.export_row
WHERE run_goal = %(run_goal)s AND outcome IS NOT NULL AND outcome NOT IN ('created', 'updated')
ORDER BY profile_id
ON CONFLICT DO NOTHING

-- keep_earlier_open --
INSERT INTO store.export_open (goal, profile_id)
SELECT DISTINCT %(goal)s::integer, row.profile_id
FROM store.export_row AS row
JOIN connections_rungoal AS part_of ON part_of.id = row.run_goal
WHERE part_of.goal_id = %(goal)s AND part_of.id <> %(run_goal)s
    AND (row.outcome IS NULL OR row.outcome NOT IN ('created', 'updated'))
ORDER BY 2
ON CONFLICT DO NOTHING

-- forget_rows --
DELETE FROM store.export_row WHERE run_goal = %(run_goal)s AND outcome IS NOT NULL

-- forget_earlier --
-- Rows and jobs of earlier runs of the goal: all is known of them.
WITH earlier AS (
    SELECT id FROM connections_rungoal WHERE goal_id = %(goal)s AND id <> %(run_goal)s
),
rows AS (
    DELETE FROM store.export_row WHERE run_goal IN (SELECT id FROM earlier)
)
DELETE FROM store.export_job WHERE run_goal IN (SELECT id FROM earlier)

-- forget_job --
DELETE FROM store.export_job
WHERE run_goal = %(run_goal)s AND operation = %(operation)s AND part = %(part)s

-- forget_linked --
-- Records that some goal has linked to a profile are accounted for.
DELETE FROM export_result AS result
USING store.record_link AS link
WHERE link.record_id = result.record_id AND link.goal = ANY (%(goals)s)
    AND link.profile_id IS NOT NULL AND link.gone IS NULL

-- forget_told --
DELETE FROM export_result AS result
USING export_told AS told
WHERE told.record_id = result.record_id

-- hold_unknown --
-- Where a profile became part of another one meanwhile, that one may have the record already.
INSERT INTO store.export_hold (goal, profile_id, code, failures, next_at)
SELECT DISTINCT
    %(goal)s::integer, coalesce(merged.survivor, row.profile_id), 'outcome_unknown', 1,
    'infinity'::timestamptz
FROM store.export_row AS row
LEFT JOIN store.profile_merge AS merged USING (profile_id)
WHERE row.run_goal = %(run_goal)s AND row.operation = %(operation)s AND row.part = %(part)s
    AND row.outcome IS NULL
ORDER BY 2
ON CONFLICT (goal, profile_id) DO UPDATE
SET code = excluded.code, row_hash = NULL, failures = 1, next_at = excluded.next_at

-- hold_failed --
-- The same row that is refused again and again is tried after growing pauses.
INSERT INTO store.export_hold (goal, profile_id, code, row_hash, failures, next_at)
SELECT
    %(goal)s, row.profile_id, split_part(row.outcome, ':', 2),
    md5((ARRAY[row.operation, row.record_id] || row.cells)::text)::uuid, 1, now()
FROM export_told AS told
JOIN store.export_row AS row
    ON row.run_goal = %(run_goal)s AND row.operation = %(operation)s AND row.part = %(part)s
    AND row.profile_id = told.profile_id
WHERE row.outcome LIKE 'failed:%%' AND row.outcome <> 'failed:ENTITY_IS_DELETED'
    -- The row of a profile that became part of another one does not come again.
    AND told.owner IS NULL
ORDER BY row.profile_id
ON CONFLICT (goal, profile_id) DO UPDATE
SET
    code = excluded.code,
    row_hash = excluded.row_hash,
    failures = CASE
        WHEN export_hold.row_hash = excluded.row_hash THEN export_hold.failures + 1 ELSE 1
    END,
    next_at = now() + CASE
        WHEN export_hold.row_hash IS DISTINCT FROM excluded.row_hash
            OR export_hold.failures + 1 < 3 THEN '0'::interval
        ELSE least('1 hour'::interval * 4 ^ least(export_hold.failures - 2, 9), '7 days')
    END

-- release_held --
DELETE FROM store.export_hold AS hold
USING export_told AS told, store.export_row AS row
WHERE hold.goal = %(goal)s AND hold.profile_id = told.profile_id
    AND row.run_goal = %(run_goal)s AND row.operation = %(operation)s AND row.part = %(part)s
    AND row.profile_id = told.profile_id
    AND row.outcome IN ('created', 'updated')

-- commonest_failure --
-- The code that most failed rows of an upload have, Salesforce's words, how many rows there are, and
-- whether rows of other uploads wait.
WITH sent AS (
    SELECT profile_id, outcome, count(*) OVER () AS rows
    FROM store.export_row
    WHERE run_goal = %(run_goal)s AND operation = %(operation)s AND part = %(part)s
),
commonest AS (
    SELECT split_part(outcome, ':', 2) AS code, count(*) AS failed, max(rows) AS rows,
        (array_agg(profile_id))[1] AS example
    FROM sent
    WHERE outcome LIKE 'failed:%%'
    GROUP BY outcome
    ORDER BY failed DESC
    LIMIT 1
)
SELECT
    code,
    (SELECT message FROM store.run_problem AS problem
     WHERE problem.run_goal = %(run_goal)s AND problem.profile_id = commonest.example
        AND problem.property IS NULL
     LIMIT 1),
    failed,
    rows,
    EXISTS (SELECT FROM store.export_row WHERE run_goal = %(run_goal)s AND outcome IS NULL)
FROM commonest

-- count_rehearsed --
-- What the rows would become that Salesforce accepts.
SELECT CASE WHEN operation = 'insert' THEN 'created' ELSE 'updated' END, count(*)
FROM store.export_row
WHERE run_goal = %(run_goal)s
GROUP BY 1
