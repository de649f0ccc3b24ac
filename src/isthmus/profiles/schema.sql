Tables of the store. Every statement can be run again on a store that has it already.
No foreign keys between these tables and no unique index without a key that could spread them over
several machines (profile_id; for identifier the value; for record_link the record id).

-- schemas --
CREATE SCHEMA IF NOT EXISTS store;
CREATE SCHEMA IF NOT EXISTS stage;

-- profile --
CREATE TABLE IF NOT EXISTS store.profile (
    profile_id uuid PRIMARY KEY DEFAULT uuidv7(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    permission_level smallint NOT NULL DEFAULT 2,
    legislation text
) WITH (fillfactor = 80);

-- identifier --
CREATE TABLE IF NOT EXISTS store.identifier (
    profile_id uuid NOT NULL,
    property smallint NOT NULL,
    value text COLLATE "C" NOT NULL,
    PRIMARY KEY (property, value)
);
CREATE INDEX IF NOT EXISTS identifier_profile ON store.identifier (profile_id);

-- record_link --
CREATE TABLE IF NOT EXISTS store.record_link (
    profile_id uuid,
    stamp timestamptz,
    hash bigint,
    goal integer NOT NULL,
    version integer,
    record_id text COLLATE "C" NOT NULL,
    object text NOT NULL,
    reason text,
    gone text,
    successor text COLLATE "C",
    summed bigint[],
    sent bigint[],
    sent_at timestamptz,
    PRIMARY KEY (record_id, goal)
) WITH (fillfactor = 85);
CREATE INDEX IF NOT EXISTS record_link_profile
    ON store.record_link (profile_id) WHERE profile_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS record_link_successor
    ON store.record_link (successor) WHERE successor IS NOT NULL;
COMMENT ON COLUMN store.record_link.hash IS 'of the values that the goal reads, when last applied';
COMMENT ON COLUMN store.record_link.version IS 'of the goal, when last applied';
COMMENT ON COLUMN store.record_link.reason IS 'why the record was not fully applied';
COMMENT ON COLUMN store.record_link.gone IS 'deleted, merged or converted: the link is a tombstone';
COMMENT ON COLUMN store.record_link.successor IS 'the record that took over (merged, converted)';
COMMENT ON COLUMN store.record_link.summed IS 'by slot of the mapping row: the value last added';
COMMENT ON COLUMN store.record_link.sent IS 'by slot of the mapping row: hash last accepted';
ALTER TABLE store.record_link ADD COLUMN IF NOT EXISTS due text;
ALTER TABLE store.record_link ADD COLUMN IF NOT EXISTS refused smallint[];
CREATE INDEX IF NOT EXISTS record_link_due
    ON store.record_link (record_id, goal) WHERE due IS NOT NULL;
COMMENT ON COLUMN store.record_link.due IS
    'what a tombstone is still to do to profiles: gone (all), heir (hand over), object type';
COMMENT ON COLUMN store.record_link.refused IS
    'mapping rows whose identifier another profile held when the rest was applied';

-- record_link_two_way --
ALTER TABLE store.record_link
    ADD COLUMN IF NOT EXISTS held bigint[],
    ADD COLUMN IF NOT EXISTS taken_over bigint[];
COMMENT ON COLUMN store.record_link.held
    IS 'of an export, by slot of the mapping row: hash of what Salesforce is known to hold; of an import: of the fields that no export writes, then of each other one, as read last';
COMMENT ON COLUMN store.record_link.taken_over
    IS 'by slot of the mapping row: hash of what an import read there, as a value of the property';

-- profile_merge --
CREATE TABLE IF NOT EXISTS store.profile_merge (
    profile_id uuid PRIMARY KEY,
    survivor uuid NOT NULL,
    run_goal integer,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS profile_merge_survivor ON store.profile_merge (survivor);
COMMENT ON TABLE store.profile_merge IS 'profiles that became part of another one';
COMMENT ON COLUMN store.profile_merge.survivor IS 'the profile that stands for it now';

-- record_link_told --
ALTER TABLE store.record_link ADD COLUMN IF NOT EXISTS told bigint;
COMMENT ON COLUMN store.record_link.told
    IS 'hash of what was last said of an ambiguous record: the same is not said again';

-- change --
CREATE TABLE IF NOT EXISTS store.change (
    at timestamptz NOT NULL DEFAULT now(),
    profile_id uuid NOT NULL,
    run_goal integer,
    record_id text COLLATE "C",
    old jsonb NOT NULL
) PARTITION BY RANGE (at);
CREATE INDEX IF NOT EXISTS change_profile ON store.change (profile_id);
COMMENT ON COLUMN store.change.old IS 'the changed properties with the values that they had before';

-- change_person --
ALTER TABLE store.change ADD COLUMN IF NOT EXISTS by text;
COMMENT ON COLUMN store.change.by IS 'who changed it by hand: e-mail of the account';

-- run_record --
CREATE TABLE IF NOT EXISTS store.run_record (
    at timestamptz NOT NULL DEFAULT now(),
    profile_id uuid,
    run_goal integer NOT NULL,
    record_id text COLLATE "C",
    outcome text NOT NULL,
    reason text
) PARTITION BY RANGE (at);
COMMENT ON TABLE store.run_record IS 'what became of records, noted when it changes: one that is '
    'left out for the reason of the run before has no row';

-- run_problem --
CREATE TABLE IF NOT EXISTS store.run_problem (
    at timestamptz NOT NULL DEFAULT now(),
    profile_id uuid,
    run_goal integer NOT NULL,
    record_id text COLLATE "C",
    field text,
    property text,
    code text NOT NULL,
    message text NOT NULL,
    value text
) PARTITION BY RANGE (at);

-- keeping --
CREATE TABLE IF NOT EXISTS store.keeping (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    days jsonb NOT NULL
);
COMMENT ON TABLE store.keeping IS 'one row: for how many days the tables with partitions are kept';

-- import_query --
CREATE TABLE IF NOT EXISTS store.import_query (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_goal integer NOT NULL,
    condition text NOT NULL,
    by_id boolean NOT NULL DEFAULT false,
    low text COLLATE "C",
    high text COLLATE "C",
    level smallint NOT NULL DEFAULT 0,
    job_id text,
    records bigint,
    counted boolean NOT NULL DEFAULT false
);
CREATE INDEX IF NOT EXISTS import_query_run_goal ON store.import_query (run_goal);
COMMENT ON TABLE store.import_query IS 'what an import asks Salesforce, until its goal has ended';
COMMENT ON COLUMN store.import_query.condition IS 'SOQL beside the goal''s own condition';
COMMENT ON COLUMN store.import_query.by_id IS 'reads named records again, whatever their stamp';
COMMENT ON COLUMN store.import_query.low IS 'lowest record id, of a query that was narrowed down';
COMMENT ON COLUMN store.import_query.high IS 'the record id behind the highest';
COMMENT ON COLUMN store.import_query.level IS 'how often it was narrowed down';
COMMENT ON COLUMN store.import_query.records IS 'all are staged, and so many; null: not yet known';
COMMENT ON COLUMN store.import_query.counted IS 'Salesforce was asked how many there are: not more';

-- export_row --
CREATE TABLE IF NOT EXISTS store.export_row (
    profile_id uuid NOT NULL,
    run_goal integer NOT NULL,
    part integer NOT NULL,
    record_id text COLLATE "C",
    operation text NOT NULL,
    outcome text,
    row_hash uuid NOT NULL,
    cells text[] NOT NULL,
    sent bigint[] NOT NULL,
    PRIMARY KEY (run_goal, profile_id)
);
COMMENT ON COLUMN store.export_row.part IS 'which upload of the run the row belongs to';
COMMENT ON COLUMN store.export_row.cells IS 'by mapping row: text to send; null leaves the field';
COMMENT ON COLUMN store.export_row.sent IS 'by slot: hashes to keep once Salesforce accepted the row';
COMMENT ON COLUMN store.export_row.row_hash IS 'of all cells: finds an inserted row in the results';
ALTER TABLE store.export_row ADD COLUMN IF NOT EXISTS troubled boolean NOT NULL DEFAULT false;
ALTER TABLE store.export_row ADD COLUMN IF NOT EXISTS held bigint[];
COMMENT ON COLUMN store.export_row.held
    IS 'by slot: hashes of what Salesforce holds once it accepted the row; null where it is not sent';
COMMENT ON COLUMN store.export_row.troubled IS 'a value of the profile does not fit its field';

-- export_row_part --
CREATE INDEX IF NOT EXISTS export_row_part ON store.export_row (run_goal, operation, part);

-- export_job --
CREATE TABLE IF NOT EXISTS store.export_job (
    run_goal integer NOT NULL,
    operation text NOT NULL,
    part integer NOT NULL,
    job_id text NOT NULL,
    fields text[] NOT NULL,
    places integer[] NOT NULL,
    reconciled boolean NOT NULL DEFAULT false,
    PRIMARY KEY (run_goal, operation, part)
);
ALTER TABLE store.export_job ADD COLUMN IF NOT EXISTS closing boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN store.export_job.job_id IS 'empty: asked for, and the answer not known yet';
COMMENT ON COLUMN store.export_job.closing IS 'Salesforce may have begun to save rows of it';

-- export_hold --
CREATE TABLE IF NOT EXISTS store.export_hold (
    profile_id uuid NOT NULL,
    next_at timestamptz NOT NULL,
    goal integer NOT NULL,
    failures integer NOT NULL,
    code text NOT NULL,
    row_hash uuid,
    PRIMARY KEY (goal, profile_id)
);
COMMENT ON TABLE store.export_hold IS 'rows that Salesforce refused, and when each is tried again';
COMMENT ON COLUMN store.export_hold.row_hash IS 'of what was refused: another row is tried at once';

-- export_open --
CREATE TABLE IF NOT EXISTS store.export_open (
    profile_id uuid NOT NULL,
    goal integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (goal, profile_id)
);
COMMENT ON COLUMN store.export_open.at IS 'when it was noted last: what is noted later stays';
COMMENT ON TABLE store.export_open
    IS 'members to look at again: row not accepted, nothing to send and no link, another record';

-- export_skip --
CREATE TABLE IF NOT EXISTS store.export_skip (
    profile_id uuid NOT NULL,
    told bigint,
    goal integer NOT NULL,
    run_goal integer NOT NULL,
    record_id text COLLATE "C",
    reason text NOT NULL,
    PRIMARY KEY (goal, profile_id)
);
COMMENT ON TABLE store.export_skip
    IS 'members that the last run of an export skipped; record_link says the same of imports';
COMMENT ON COLUMN store.export_skip.run_goal IS 'the first of the runs that skipped it for this';
COMMENT ON COLUMN store.export_skip.told
    IS 'hash of the problems that were told of it: the same are not told again';

-- looked_through --
-- Outcomes and problems are looked through by run, in the order in which they were noted, and by
-- record, or by profile: what was written to a record of a profile is found by its link, and only
-- the rest needs an index of profiles. Each row has a moment of its own for that.
ALTER TABLE store.run_record ALTER COLUMN at SET DEFAULT clock_timestamp();
ALTER TABLE store.run_problem ALTER COLUMN at SET DEFAULT clock_timestamp();
CREATE INDEX IF NOT EXISTS run_record_outcome
    ON store.run_record (run_goal, outcome, coalesce(reason, ''), at);
CREATE INDEX IF NOT EXISTS run_record_record
    ON store.run_record (record_id) WHERE record_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS run_record_member
    ON store.run_record (profile_id)
    WHERE record_id IS NULL OR outcome NOT IN ('created', 'updated', 'removed');
CREATE INDEX IF NOT EXISTS run_problem_code ON store.run_problem (run_goal, code, at);
CREATE INDEX IF NOT EXISTS run_problem_record
    ON store.run_problem (record_id) WHERE record_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS run_problem_member ON store.run_problem (profile_id);
DROP INDEX IF EXISTS store.run_problem_goal;
CREATE INDEX IF NOT EXISTS record_link_left_out
    ON store.record_link (goal, reason, record_id) WHERE reason IS NOT NULL;
DROP INDEX IF EXISTS store.record_link_unapplied;
CREATE INDEX IF NOT EXISTS export_skip_reason ON store.export_skip (goal, reason, profile_id);

-- folded --
-- A problem's words without what is of one record: all that has a digit in it (ids, numbers, dates),
-- quoted values, e-mail addresses, and values that Salesforce puts unquoted behind its sentence. A
-- list of ids is one, however long it is.
-- Problems of one field whose words are then equal have one cause. It is plain enough for a million.
CREATE OR REPLACE FUNCTION store.folded(message text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(
    split_part(split_part(split_part(
        message, 'restricted picklist field: ', 1), 'invalid email address: ', 1),
        'data value too large: ', 1
    ),
    '[\w-]*[0-9][\w.,:-]*(?:[ ;]+[\w-]*[0-9][\w.,:-]*)*'
    || '|(?<!\w)''[^'']*(?:\w''\w[^'']*)*''(?!\w)|"[^"]*"|‘[^’]*’|“[^”]*”'
    || '|[^\s@:,;()]+@[^\s@:,;()]+',
    '…', 'g'
)

-- audit --
-- Every change of the set-up, and every run that somebody asked for or ended. Triggers write it in
-- the transaction of the change, so it can't be passed by, and a change that is undone is not in it.
CREATE TABLE IF NOT EXISTS store.audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    began timestamptz NOT NULL,
    thing bigint NOT NULL,
    connection bigint,
    action uuid NOT NULL,
    who text NOT NULL,
    how text NOT NULL,
    kind text NOT NULL,
    act text NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    changes jsonb NOT NULL
);
COMMENT ON COLUMN store.audit.action IS 'what was done at once: all rows of one click or command';
COMMENT ON COLUMN store.audit.began IS 'when the first row of the action was written';
COMMENT ON COLUMN store.audit.who IS 'e-mail of an account, user of the system, or of the database';
COMMENT ON COLUMN store.audit.thing IS 'row id of what was changed';
COMMENT ON COLUMN store.audit.connection IS 'row id of the connection that it belongs to';
COMMENT ON COLUMN store.audit.name IS 'what the thing was called then';
COMMENT ON COLUMN store.audit.changes IS 'by column: before and after; of a secret only whether';
CREATE INDEX IF NOT EXISTS audit_action ON store.audit (action, id);
CREATE INDEX IF NOT EXISTS audit_began ON store.audit (began, action);
CREATE INDEX IF NOT EXISTS audit_who ON store.audit (who, began, action);
CREATE INDEX IF NOT EXISTS audit_how ON store.audit (how, began, action);
CREATE INDEX IF NOT EXISTS audit_kind ON store.audit (kind, began, action);
CREATE INDEX IF NOT EXISTS audit_kind_how ON store.audit (kind, how, began, action);
CREATE INDEX IF NOT EXISTS audit_thing ON store.audit (kind, thing, began, action);
CREATE INDEX IF NOT EXISTS audit_connection ON store.audit (connection, began, action);

-- audit_kept --
-- Nobody changes what is written. Keeping house says that it does before it takes old rows away.
CREATE OR REPLACE FUNCTION store.keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('isthmus.keeping_house', true) = 'audit' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'The audit log is only added to.';
END $$;
CREATE OR REPLACE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON store.audit
    FOR EACH STATEMENT EXECUTE FUNCTION store.keep_audit();

-- audit_actor --
-- Who acts is said by the transaction, as JSON in `isthmus.actor`. Sessions that engines have of
-- their own say nothing and act for nobody; any other that says nothing is of a program or SQL that
-- goes past Isthmus.
CREATE OR REPLACE FUNCTION store.audit_actor() RETURNS jsonb LANGUAGE sql STABLE
RETURN CASE
    WHEN current_setting('isthmus.actor', true) IS JSON OBJECT
    THEN current_setting('isthmus.actor', true)::jsonb
    WHEN current_setting('application_name') ~ '^isthmus( |$)' THEN '{"who": "", "how": "by itself"}'
    ELSE jsonb_build_object('who', session_user, 'how', 'database')
END;

-- audit_noted --
-- `changes` are set-up already: no secrets.
CREATE OR REPLACE FUNCTION store.note_audit(kind text, act text, row_now jsonb, changes jsonb)
RETURNS void LANGUAGE plpgsql AS $$
<<noting>>
DECLARE
    actor jsonb := store.audit_actor();
    action uuid := coalesce(
        (actor ->> 'action')::uuid, md5(pg_current_xact_id()::text || now()::text)::uuid
    );
    known timestamptz := (
        SELECT audit.began FROM store.audit WHERE audit.action = noting.action
        ORDER BY audit.id LIMIT 1
    );
BEGIN
    INSERT INTO store.audit
        (began, thing, connection, action, who, how, kind, act, key, name, changes)
    VALUES (
        coalesce(known, clock_timestamp()),
        (row_now ->> 'id')::bigint,
        CASE kind WHEN 'connection' THEN row_now ->> 'id' ELSE row_now ->> 'connection_id' END::bigint,
        action,
        coalesce(actor ->> 'who', ''),
        coalesce(actor ->> 'how', 'database'),
        kind,
        act,
        coalesce(
            row_now ->> 'key', row_now ->> 'email', row_now ->> 'number', row_now ->> 'org_id', ''
        ),
        coalesce(
            nullif(row_now ->> 'name', ''), nullif(row_now ->> 'label', ''),
            nullif(row_now #>> '{document,name}', ''), nullif(row_now ->> 'user_name', ''),
            nullif(row_now ->> 'username', ''), nullif(row_now ->> 'login_url', ''),
            row_now ->> 'host', ''
        ),
        changes
    );
END $$;

-- audit_difference --
-- What differs, by column: before and after. Of a goal's document by its parts. Of a secret only
-- whether there is one, of a webhook's address only where it leads: the rest of it may be a key.
CREATE OR REPLACE FUNCTION store.audit_parts(of_row jsonb, ignored text[])
RETURNS TABLE (part text, value jsonb) LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT key, value FROM jsonb_each(of_row - ignored) WHERE key <> 'document'
    UNION ALL
    SELECT 'document.' || key, value FROM jsonb_each(of_row -> 'document');
END;
CREATE OR REPLACE FUNCTION store.audit_shown(part text, value jsonb, secret text[])
RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN CASE
    WHEN value IS NULL OR value IN ('null', '""', '"\\x"') THEN NULL
    WHEN part = ANY (secret) THEN '{"secret": true}'::jsonb
    WHEN part = 'webhook_url' THEN jsonb_build_object(
        'site', regexp_replace(value #>> '{}', '^([a-z]+://)?(?:[^/?#@]*@)?([^/?#]*).*$', '\1\2')
    )
    ELSE value
END;
CREATE OR REPLACE FUNCTION store.audit_difference(
    before jsonb, after jsonb, ignored text[], secret text[]
)
RETURNS jsonb LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT coalesce(
        jsonb_object_agg(
            part,
            jsonb_build_array(
                store.audit_shown(part, old.value, secret), store.audit_shown(part, new.value, secret)
            )
        ),
        '{}'
    )
    FROM store.audit_parts(before, ignored) AS old (part, value)
    FULL JOIN store.audit_parts(after, ignored) AS new (part, value) USING (part)
    WHERE old.value IS DISTINCT FROM new.value
        AND coalesce(old.value, new.value, 'null') NOT IN ('null', '""', '[]', '{}', '"\\x"')
        OR old.value IS NOT NULL AND new.value IS NOT NULL AND old.value <> new.value;
END;

-- audit_changes --
-- A row of the set-up is made, changed or deleted. Arguments: what it is; columns that are no
-- set-up; columns whose values are secret; what a row has that came to be by itself. A column that
-- is named in neither list is logged.
CREATE OR REPLACE FUNCTION store.audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ignored text[] := TG_ARGV[1]::text[] || '{id}';
    new_row jsonb := TG_ARGV[3]::jsonb;
    before jsonb := CASE TG_OP WHEN 'INSERT' THEN new_row ELSE to_jsonb(OLD) END;
    after jsonb := CASE TG_OP WHEN 'DELETE' THEN new_row ELSE to_jsonb(NEW) END;
    changes jsonb;
BEGIN
    IF before - ignored = after - ignored THEN
        RETURN NULL;
    END IF;
    changes := store.audit_difference(before, after, ignored, TG_ARGV[2]::text[]);
    PERFORM store.note_audit(
        TG_ARGV[0],
        CASE WHEN before IS NULL THEN 'made' WHEN after IS NULL THEN 'deleted' ELSE 'changed' END,
        CASE TG_OP WHEN 'DELETE' THEN before ELSE after END,
        changes
    );
    RETURN NULL;
END $$;

-- audit_emptied --
-- All rows of a table of the set-up are taken away at once, which no part of Isthmus does.
CREATE OR REPLACE FUNCTION store.audit_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM store.note_audit(TG_ARGV[0], 'emptied', '{"id": 0}', '{}');
    RETURN NULL;
END $$;

-- audit_run --
-- What people do about runs. What a worker does, and previews, are no such thing.
CREATE OR REPLACE FUNCTION store.audit_run() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    columns text[] := '{full,goal_keys,first,only}';
    before jsonb := CASE TG_OP WHEN 'UPDATE' THEN
        (SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(OLD)) WHERE key = ANY (columns))
    END;
    after jsonb := (
        SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(NEW))
        WHERE key = ANY (columns) AND (TG_OP = 'UPDATE' OR value <> 'false')
    );
    act text;
BEGIN
    IF store.audit_actor() ->> 'how' = 'by itself' THEN
        RETURN NULL;
    END IF;
    act := CASE
        WHEN TG_OP = 'INSERT' THEN 'asked'
        WHEN NEW.confirmed_by <> OLD.confirmed_by THEN 'confirmed'
        WHEN NEW.state = 'stopped' AND OLD.state = 'confirming' THEN 'refused'
        WHEN NEW.state = 'stopped' AND OLD.state IN ('queued', 'waiting') THEN 'stopped'
        WHEN NEW.state = 'stopping' AND OLD.state <> 'stopping' THEN 'stopped'
        WHEN before <> after THEN 'widened'
    END;
    IF act IS NOT NULL THEN
        PERFORM store.note_audit(
            'run', act, to_jsonb(NEW), store.audit_difference(before, after, '{}', '{}')
        );
    END IF;
    RETURN NULL;
END $$;

-- audit_triggers --
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON connections_connection
    FOR EACH ROW EXECUTE FUNCTION
    store.audit_change('connection', '{due_at}', '{sealed_webhook_secret}');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON connections_goal
    FOR EACH ROW EXECUTE FUNCTION store.audit_change(
        'goal',
        '{connection_id,version,slots,read_until,read_version,read_segment,read_whole_at}',
        '{}'
    );
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON connections_authorization
    FOR EACH ROW EXECUTE FUNCTION store.audit_change(
        'sign-in',
        '{sealed_refresh_token,sealed_access_token,instance_url,renewals,renewed_at,signed_in_by,lost_at,lost_reason,permissions,permissions_at}',
        '{sealed_secret}'
    );
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON connections_app
    FOR EACH ROW EXECUTE FUNCTION store.audit_change('app', '{}', '{sealed_secret}');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON connections_org
    FOR EACH ROW EXECUTE FUNCTION
    store.audit_change(
        'org', '{org_id,calls_limit,calls_used,others_used,measured_at}', '{}', '{"share_percent": 50}'
    );
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON connections_mailserver
    FOR EACH ROW EXECUTE FUNCTION store.audit_change('mail server', '{}', '{sealed_password}');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON profiles_property
    FOR EACH ROW EXECUTE FUNCTION store.audit_change('property', '{}', '{}');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON profiles_segment
    FOR EACH ROW EXECUTE FUNCTION store.audit_change('segment', '{}', '{}');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON people_user
    FOR EACH ROW EXECUTE FUNCTION store.audit_change(
        'account', '{created_at,last_login,failures,locked_until}', '{password}'
    );
CREATE OR REPLACE TRIGGER audit AFTER INSERT ON connections_run
    FOR EACH ROW WHEN (NOT NEW.preview AND NEW.due_at IS NULL)
    EXECUTE FUNCTION store.audit_run();
CREATE OR REPLACE TRIGGER audit_change AFTER UPDATE ON connections_run
    FOR EACH ROW WHEN (
        NOT NEW.preview AND (
            OLD.state <> NEW.state OR OLD.confirmed_by <> NEW.confirmed_by OR OLD.full <> NEW.full
            OR OLD.goal_keys <> NEW.goal_keys
        )
    )
    EXECUTE FUNCTION store.audit_run();

-- audit_triggers_of_emptying --
CREATE OR REPLACE TRIGGER audit_emptied AFTER TRUNCATE ON connections_connection
    FOR EACH STATEMENT EXECUTE FUNCTION store.audit_emptied('connection');
CREATE OR REPLACE TRIGGER audit_emptied AFTER TRUNCATE ON connections_goal
    FOR EACH STATEMENT EXECUTE FUNCTION store.audit_emptied('goal');
CREATE OR REPLACE TRIGGER audit_emptied AFTER TRUNCATE ON connections_authorization
    FOR EACH STATEMENT EXECUTE FUNCTION store.audit_emptied('sign-in');
CREATE OR REPLACE TRIGGER audit_emptied AFTER TRUNCATE ON connections_app
    FOR EACH STATEMENT EXECUTE FUNCTION store.audit_emptied('app');
CREATE OR REPLACE TRIGGER audit_emptied AFTER TRUNCATE ON connections_org
    FOR EACH STATEMENT EXECUTE FUNCTION store.audit_emptied('org');
CREATE OR REPLACE TRIGGER audit_emptied AFTER TRUNCATE ON connections_mailserver
    FOR EACH STATEMENT EXECUTE FUNCTION store.audit_emptied('mail server');
CREATE OR REPLACE TRIGGER audit_emptied AFTER TRUNCATE ON profiles_property
    FOR EACH STATEMENT EXECUTE FUNCTION store.audit_emptied('property');
CREATE OR REPLACE TRIGGER audit_emptied AFTER TRUNCATE ON profiles_segment
    FOR EACH STATEMENT EXECUTE FUNCTION store.audit_emptied('segment');
CREATE OR REPLACE TRIGGER audit_emptied AFTER TRUNCATE ON people_user
    FOR EACH STATEMENT EXECUTE FUNCTION store.audit_emptied('account');

-- exchanged --
-- Which profiles came and went through a connection, for good: a row for each goal that exchanged
-- the profile, whatever happens to the goal and its links. `again` keeps a profile from counting
-- twice for its connection, whoever writes at the same time. Most rows are of profiles that an
-- import made: those are found from the profile, and are in one index less.
ALTER TABLE store.profile
    ADD COLUMN IF NOT EXISTS made_by integer,
    ADD COLUMN IF NOT EXISTS made_on date;
COMMENT ON COLUMN store.profile.made_by
    IS 'the import goal that made it, where exchanged_profile says so in a row with `made`';
COMMENT ON COLUMN store.profile.made_on IS 'the day of that row';
CREATE TABLE IF NOT EXISTS store.exchanged_profile (
    profile_id uuid NOT NULL,
    connection integer NOT NULL,
    goal integer NOT NULL,
    again integer NOT NULL,
    day date NOT NULL,
    exported boolean NOT NULL,
    made boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX IF NOT EXISTS exchanged_profile_once
    ON store.exchanged_profile (profile_id, connection, exported, again) WHERE NOT made;
CREATE INDEX IF NOT EXISTS exchanged_profile_goal
    ON store.exchanged_profile (goal, again, day, profile_id);
COMMENT ON COLUMN store.exchanged_profile.exported IS 'Salesforce accepted it; else it was imported';
COMMENT ON COLUMN store.exchanged_profile.day
    IS 'of the first time, in the time zone that the connection had then';
COMMENT ON COLUMN store.exchanged_profile.made
    IS 'the import made the profile, whose row names the goal and the day';
COMMENT ON COLUMN store.exchanged_profile.again
    IS '0: the goal was the first of the connection; else the goal again';
CREATE TABLE IF NOT EXISTS store.exchanged_sum (
    day date NOT NULL,
    connection integer NOT NULL,
    goal integer NOT NULL,
    profiles integer NOT NULL,
    firsts integer NOT NULL,
    exported boolean NOT NULL
);
CREATE INDEX IF NOT EXISTS exchanged_sum_connection ON store.exchanged_sum (connection, day);
COMMENT ON TABLE store.exchanged_sum
    IS 'how many rows exchanged_profile has, as sums of what was added and taken away';
COMMENT ON COLUMN store.exchanged_sum.firsts IS 'of those, how many with again = 0';
CREATE TABLE IF NOT EXISTS store.exchanged_gone (
    goal integer PRIMARY KEY,
    connection integer NOT NULL,
    exported boolean NOT NULL,
    key text NOT NULL,
    name text NOT NULL
);
COMMENT ON TABLE store.exchanged_gone
    IS 'goals that were deleted; what was deleted before this was noted has no key, and its id is '
    'the connection''s, negative';

-- exchanged_before --
-- A store of a version that knew neither goal nor day: links say which goal exchanged a profile.
-- An export last sent it at `sent_at`; an import can't have seen a profile before it was made, or
-- before its first run. What goals sent that were deleted is of no goal, and of the day of their
-- first run that has ended.
DO $do$
BEGIN
    IF to_regclass('store.exported_profile') IS NULL THEN
        RETURN;
    END IF;
    IF to_regclass('public.connections_connection') IS NOT NULL THEN
        WITH zone AS MATERIALIZED (
            SELECT connection.id AS connection, coalesce(known.name, 'UTC') AS name
            FROM public.connections_connection AS connection
            LEFT JOIN pg_timezone_names AS known ON known.name = connection.timezone
        ),
        run_of AS (
            SELECT part.goal_id, run.connection_id, part.direction, part.started_at,
                part.finished_at
            FROM public.connections_rungoal AS part
            JOIN public.connections_run AS run ON run.id = part.run_id
            WHERE NOT run.preview
        ),
        begun AS (SELECT goal_id, min(started_at) AS at FROM run_of GROUP BY goal_id),
        ended AS (
            SELECT connection_id, min(finished_at) AS at
            FROM run_of
            WHERE goal_id IS NULL AND direction = 'export'
            GROUP BY connection_id
        ),
        linked AS MATERIALIZED (
            SELECT link.profile_id, goal.connection_id AS connection, goal.id AS goal,
                goal.direction = 'export' AS exported,
                min(CASE
                    WHEN goal.direction = 'export' THEN link.sent_at
                    ELSE greatest(profile.created_at, begun.at)
                END) AS at
            FROM store.record_link AS link
            JOIN public.connections_goal AS goal ON goal.id = link.goal
            LEFT JOIN begun ON begun.goal_id = goal.id
            LEFT JOIN store.profile AS profile USING (profile_id)
            WHERE link.profile_id IS NOT NULL
                AND (goal.direction = 'import' OR link.sent_at IS NOT NULL)
            GROUP BY 1, 2, 3, 4
        ),
        known AS (
            SELECT * FROM linked
            UNION ALL
            SELECT sent.profile_id, sent.connection, - sent.connection, true,
                greatest(profile.created_at, ended.at)
            FROM store.exported_profile AS sent
            LEFT JOIN ended ON ended.connection_id = sent.connection
            LEFT JOIN store.profile AS profile USING (profile_id)
            WHERE NOT EXISTS (
                SELECT FROM linked
                WHERE linked.profile_id = sent.profile_id
                    AND linked.connection = sent.connection
                    AND linked.exported
            )
        )
        INSERT INTO store.exchanged_profile (profile_id, connection, goal, again, day, exported)
        SELECT profile_id, connection, goal,
            CASE WHEN 1 = row_number() OVER (
                PARTITION BY profile_id, connection, exported ORDER BY at, goal
            ) THEN 0 ELSE goal END AS again,
            (coalesce(at, now()) AT TIME ZONE zone.name)::date, exported
        FROM known
        JOIN zone USING (connection)
        ORDER BY goal, at, profile_id
        ON CONFLICT DO NOTHING;
        INSERT INTO store.exchanged_sum (day, connection, goal, profiles, firsts, exported)
        SELECT day, connection, goal, count(*), count(*) FILTER (WHERE again = 0), exported
        FROM store.exchanged_profile
        GROUP BY day, connection, goal, exported;
        INSERT INTO store.exchanged_gone (goal, connection, exported, key, name)
        SELECT DISTINCT goal, connection, exported, '', ''
        FROM store.exchanged_sum
        WHERE goal < 0;
    END IF;
    DROP TABLE store.exported_profile;
END
$do$

-- upkeep --
CREATE TABLE IF NOT EXISTS store.upkeep (
    what text PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    facts jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE store.upkeep
    IS 'when the store was last backed up and kept tidy, and whether it is held after a restore'

-- due_unknown --
-- Nobody knows any more when a connection is due whose switch, schedule or time zone was changed by
-- something that did not work it out anew. A worker does so then.
CREATE OR REPLACE FUNCTION store.due_unknown() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.due_at := NULL;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER due_unknown BEFORE UPDATE ON connections_connection
    FOR EACH ROW WHEN (
        OLD.due_at = NEW.due_at
        AND (
            OLD.active <> NEW.active OR OLD.schedule <> NEW.schedule
            OR OLD.timezone <> NEW.timezone
        )
    )
    EXECUTE FUNCTION store.due_unknown()
