Statements by which processes share one sign-in's tokens. Each is a transaction of its own.

-- read --
SELECT flow, login_url, client_id, username, audience, sealed_secret, sealed_refresh_token,
    sealed_access_token, instance_url, org_id, user_id, renewals, lost_at, lost_reason
FROM connections_authorization
WHERE id = %(id)s

-- hold --
SELECT pg_advisory_lock(%(lock)s, %(id)s)

-- let_go --
SELECT pg_advisory_unlock(%(lock)s, %(id)s)

-- keep --
-- Takes what Salesforce gave, unless somebody has signed in anew since `renewals` was read. A
-- refresh token that did not come along stays.
UPDATE connections_authorization
SET sealed_access_token = %(access)s,
    sealed_refresh_token = CASE WHEN %(refresh)s::bytea = ''::bytea
        THEN sealed_refresh_token ELSE %(refresh)s::bytea END,
    -- Names and permissions that were looked up belong to whoever was signed in then.
    user_name = CASE WHEN user_id IN ('', %(user_id)s) THEN user_name ELSE '' END,
    permissions = CASE WHEN user_id IN ('', %(user_id)s) THEN permissions ELSE '{}'::jsonb END,
    permissions_at = CASE WHEN user_id IN ('', %(user_id)s) THEN permissions_at END,
    org_name = CASE WHEN org_id IN ('', %(org_id)s) THEN org_name ELSE '' END,
    instance_url = %(instance_url)s, org_id = %(org_id)s, user_id = %(user_id)s,
    renewals = renewals + 1, renewed_at = now(), lost_at = NULL, lost_reason = ''
WHERE id = %(id)s AND (
    renewals = %(renewals)s
    -- The same again, where nobody heard that it was done.
    OR (%(access)s::bytea <> ''::bytea AND sealed_access_token = %(access)s)
    OR (%(refresh)s::bytea <> ''::bytea AND sealed_refresh_token = %(refresh)s)
)

-- forget_objects --
-- What another user saw of the org's objects is not what this one sees.
DELETE FROM connections_knownobject WHERE authorization_id = %(id)s

-- lose --
UPDATE connections_authorization
SET lost_at = now(), lost_reason = %(reason)s, sealed_access_token = ''::bytea
WHERE id = %(id)s AND renewals = %(renewals)s

-- revoke --
-- What nobody uses is to be revoked.
INSERT INTO connections_revocation (login_url, sealed_token, asked_at, tries, due_at)
VALUES (%(login_url)s, %(token)s, now(), 0, now())
