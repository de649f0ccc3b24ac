The fixed statements of an export. The segment's members are in a temporary table of the session.

-- make_member --
CREATE TEMPORARY TABLE export_member (
    profile_id uuid PRIMARY KEY,
    changed boolean NOT NULL,            -- since the last run, as far as it can be told at once
    record_id text COLLATE "C",
    operation text,                      -- insert or update
    before bigint[],                     -- hashes of what was last accepted, by slot
    settled boolean NOT NULL DEFAULT false,  -- sent by this version of the goal, without trouble
    outcome text,
    reason text
)

-- make_key --
CREATE TEMPORARY TABLE export_key (profile_id uuid NOT NULL, key text NOT NULL)

-- make_found --
CREATE TEMPORARY TABLE export_found (record_id text COLLATE "C" NOT NULL, key text)

-- drop_tables --
DROP TABLE IF EXISTS export_member, export_key, export_found, export_value, export_result

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
WHERE live.profile_id = member.profile_id

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
INSERT INTO store.run_problem (profile_id, run_goal, code, message)
SELECT
    member.profile_id, %(run_goal)s, 'several_records',
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
    INSERT INTO store.run_problem (profile_id, run_goal, record_id, code, message)
    SELECT
        profile_id, %(run_goal)s, record_id,
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
    INSERT INTO store.run_problem (profile_id, run_goal, code, message)
    SELECT
        profile_id, %(run_goal)s, 'several_profiles',
        'Several profiles have this key, apart from upper and lower case. No record was created. '
        || 'Merge the profiles, or correct the identifier.'
    FROM shared
)
UPDATE export_member AS member
SET outcome = 'skipped', reason = 'ambiguous'
FROM shared
WHERE member.profile_id = shared.profile_id

-- choose_operation --
UPDATE export_member
SET
    operation = CASE
        WHEN record_id IS NOT NULL THEN 'update' WHEN %(creates)s THEN 'insert'
    END,
    outcome = CASE WHEN record_id IS NULL AND NOT %(creates)s THEN 'skipped' END,
    reason = CASE WHEN record_id IS NULL AND NOT %(creates)s THEN 'no_match' END
WHERE outcome IS NULL

-- pass_equal_rows --
-- Rows to insert that are the same in every cell can't be told apart in the results.
WITH equal AS (
    SELECT profile_id, row_number() OVER (PARTITION BY row_hash ORDER BY profile_id) AS turn
    FROM store.export_row
    WHERE run_goal = %(run_goal)s AND operation = 'insert'
),
removed AS (
    DELETE FROM store.export_row AS row
    USING equal
    WHERE row.run_goal = %(run_goal)s AND row.profile_id = equal.profile_id AND equal.turn > 1
    RETURNING row.profile_id
),
noted AS (
    INSERT INTO store.run_problem (profile_id, run_goal, code, message)
    SELECT
        profile_id, %(run_goal)s, 'equal_row',
        'Another profile would create exactly the same record. Only one was sent. Map a field '
        || 'that tells them apart, such as the profile id.'
    FROM removed
)
UPDATE export_member AS member
SET outcome = 'failed', reason = 'equal_row'
FROM removed
WHERE removed.profile_id = member.profile_id

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
-- Uploads of a size that Salesforce takes, in the order of the record ids.
WITH sized AS (
    SELECT
        profile_id,
        (sum(octet_length(array_to_string(cells, '","', '')) + 40) OVER (
            PARTITION BY operation ORDER BY record_id, profile_id
        ) / %(bytes)s)::integer + 1 AS part
    FROM store.export_row
    WHERE run_goal = %(run_goal)s
)
UPDATE store.export_row AS row
SET part = sized.part
FROM sized
WHERE row.run_goal = %(run_goal)s AND row.profile_id = sized.profile_id AND row.part <> sized.part

-- parts --
SELECT operation, part, count(*)
FROM store.export_row
WHERE run_goal = %(run_goal)s AND outcome IS NULL
GROUP BY operation, part
ORDER BY operation DESC, part

-- add_job --
INSERT INTO store.export_job (run_goal, operation, part, job_id, fields, places)
VALUES (%(run_goal)s, %(operation)s, %(part)s, %(job)s, %(fields)s, %(places)s)
ON CONFLICT (run_goal, operation, part) DO UPDATE
SET job_id = excluded.job_id, reconciled = false

-- settle_job --
UPDATE store.export_job SET reconciled = true
WHERE run_goal = %(run_goal)s AND operation = %(operation)s AND part = %(part)s

-- open_jobs --
-- Uploads of earlier runs of this goal of which it is not known what became of them.
SELECT job.run_goal, job.operation, job.part, job.fields, job.places, job.job_id
FROM store.export_job AS job
JOIN connections_rungoal AS part_of ON part_of.id = job.run_goal
WHERE part_of.goal_id = %(goal)s AND NOT job.reconciled AND job.run_goal <> %(run_goal)s
ORDER BY job.run_goal, job.operation, job.part

-- note_results --
-- What Salesforce said of each row; a row is found by its record id, or, new, by all its cells.
WITH told AS (
    SELECT
        row.profile_id,
        result.kind,
        coalesce(result.record_id, row.record_id) AS record_id,
        result.error
    FROM export_result AS result
    JOIN store.export_row AS row
        ON row.run_goal = %(run_goal)s
        AND row.operation = %(operation)s
        AND row.part = %(part)s
        AND CASE
            WHEN row.operation = 'update' THEN row.record_id = result.key_id
            ELSE row.row_hash = result.row_hash
        END
)
UPDATE store.export_row AS row
SET
    record_id = coalesce(told.record_id, row.record_id),
    outcome = CASE
        WHEN told.kind = 'successful' AND row.operation = 'insert' THEN 'created'
        WHEN told.kind = 'successful' THEN 'updated'
        WHEN told.kind = 'unprocessed' THEN 'failed:unprocessed'
        WHEN told.error LIKE 'UNABLE_TO_LOCK_ROW:%%' THEN 'locked'
        ELSE 'failed:' || coalesce(substring(told.error FROM '^([A-Z][A-Z0-9_]*):'), 'refused')
    END
FROM told
WHERE row.run_goal = %(run_goal)s AND row.profile_id = told.profile_id

-- note_failures --
-- Salesforce's own words; `CODE:message:fields --`, where the message may hold colons.
INSERT INTO store.run_problem (profile_id, run_goal, record_id, field, code, message)
SELECT
    row.profile_id,
    %(run_goal)s,
    row.record_id,
    nullif(rtrim(substring(result.error FROM ':([^:]*)--\s*$')), ''),
    coalesce(substring(result.error FROM '^([A-Z][A-Z0-9_]*):'), upper(result.kind)),
    coalesce(
        regexp_replace(regexp_replace(result.error, '^[A-Z][A-Z0-9_]*:', ''), ':[^:]*--\s*$', ''),
        'Salesforce did not process the row. It is sent again by the next run.'
    )
FROM export_result AS result
JOIN store.export_row AS row
    ON row.run_goal = %(run_goal)s
    AND row.operation = %(operation)s
    AND row.part = %(part)s
    AND CASE
        WHEN row.operation = 'update' THEN row.record_id = result.key_id
        ELSE row.row_hash = result.row_hash
    END
WHERE result.kind <> 'successful' AND row.outcome LIKE 'failed:%%'

-- keep_links --
-- What was accepted, and only that, is remembered as sent.
INSERT INTO store.record_link (record_id, goal, profile_id, object, version, sent, sent_at)
SELECT record_id, %(goal)s, profile_id, %(object)s, %(version)s, sent, now()
FROM store.export_row
WHERE run_goal = %(run_goal)s AND operation = %(operation)s AND part = %(part)s
    AND outcome IN ('created', 'updated')
ORDER BY record_id
ON CONFLICT (record_id, goal) DO UPDATE
SET profile_id = excluded.profile_id, version = excluded.version, sent = excluded.sent,
    sent_at = excluded.sent_at, gone = NULL, reason = NULL

-- mark_failed_links --
UPDATE store.record_link AS link
SET
    reason = 'failed',
    gone = CASE WHEN row.outcome = 'failed:ENTITY_IS_DELETED' THEN 'deleted' END
FROM store.export_row AS row
WHERE row.run_goal = %(run_goal)s AND row.operation = %(operation)s AND row.part = %(part)s
    AND row.outcome LIKE 'failed:%%'
    AND link.record_id = row.record_id AND link.goal = %(goal)s

-- count_profiles --
INSERT INTO store.exported_profile (connection, profile_id)
SELECT %(connection)s, profile_id
FROM store.export_row
WHERE run_goal = %(run_goal)s AND operation = %(operation)s AND part = %(part)s
    AND outcome IN ('created', 'updated')
ORDER BY profile_id
ON CONFLICT DO NOTHING

-- count_told --
SELECT count(*) FILTER (WHERE outcome IS NOT NULL), count(*)
FROM store.export_row
WHERE run_goal = %(run_goal)s AND operation = %(operation)s AND part = %(part)s

-- move_locked --
-- Rows that others had locked go out again together, in an upload of their own.
UPDATE store.export_row
SET outcome = NULL, part = %(part)s
WHERE run_goal = %(run_goal)s AND outcome = 'locked'

-- give_up_locked --
WITH locked AS (
    UPDATE store.export_row
    SET outcome = 'failed:UNABLE_TO_LOCK_ROW'
    WHERE run_goal = %(run_goal)s AND outcome = 'locked'
    RETURNING profile_id, record_id
)
INSERT INTO store.run_problem (profile_id, run_goal, record_id, code, message)
SELECT
    profile_id, %(run_goal)s, record_id, 'UNABLE_TO_LOCK_ROW',
    'Salesforce kept the record locked for somebody else. It is sent again by the next run.'
FROM locked

-- take_outcomes --
UPDATE export_member AS member
SET
    record_id = row.record_id,
    outcome = split_part(row.outcome, ':', 1),
    reason = nullif(split_part(row.outcome, ':', 2), '')
FROM store.export_row AS row
WHERE row.run_goal = %(run_goal)s AND row.profile_id = member.profile_id
    AND row.outcome IS NOT NULL

-- count_outcomes --
SELECT coalesce(outcome, 'failed'), coalesce(reason, CASE WHEN outcome IS NULL THEN 'not_sent' END),
    count(*)
FROM export_member
GROUP BY 1, 2

-- count_problems --
SELECT count(*) FROM store.run_problem WHERE run_goal = %(run_goal)s AND field IS NOT NULL
    AND property IS NOT NULL

-- note_records --
INSERT INTO store.run_record (profile_id, run_goal, record_id, outcome, reason)
SELECT profile_id, %(run_goal)s, record_id, outcome, reason
FROM export_member
WHERE outcome <> 'unchanged'

-- keep_open --
-- A value that could not be sent is looked at again by every run, until it fits or is gone.
UPDATE store.record_link AS link
SET reason = CASE WHEN member.troubled THEN 'problem' END
FROM (
    SELECT record_id, EXISTS (
        SELECT FROM store.run_problem AS problem
        WHERE problem.run_goal = %(run_goal)s AND problem.profile_id = member.profile_id
            AND problem.property IS NOT NULL
    ) AS troubled
    FROM export_member AS member
    WHERE outcome IN ('created', 'updated', 'unchanged')
        AND profile_id IN (SELECT profile_id FROM export_value)
) AS member
WHERE link.record_id = member.record_id AND link.goal = %(goal)s
    AND (link.reason IS NOT DISTINCT FROM 'problem') <> member.troubled

-- forget_rows --
DELETE FROM store.export_row WHERE run_goal = %(run_goal)s

-- forget_earlier --
-- Rows and jobs of earlier runs of the goal: all is known of them.
WITH earlier AS (
    SELECT id FROM connections_rungoal WHERE goal_id = %(goal)s AND id <> %(run_goal)s
),
rows AS (
    DELETE FROM store.export_row WHERE run_goal IN (SELECT id FROM earlier)
)
DELETE FROM store.export_job WHERE run_goal IN (SELECT id FROM earlier)
