"""Objects whose rows depend on who asks: what queries read instead of their tables."""

from dataclasses import replace

from localorg.ids import make_id, number_of
from localorg.rights.effective import EffectiveRights
from localorg.schema import ObjectType

_CUSTOMIZE_APPLICATION = "PermissionsCustomizeApplication"
_GRANTS = """
SELECT record_id AS "Id", NULL AS "AccessToken", app_name AS "AppName", NULL AS "AppMenuItemId",
strftime('%Y-%m-%dT%H:%M:%S.000Z', created_at, 'unixepoch') AS "CreatedDate",
delete_token AS "DeleteToken",
strftime('%Y-%m-%dT%H:%M:%S.000Z', used_at, 'unixepoch') AS "LastUsedDate",
NULL AS "RequestToken", use_count AS "UseCount", user_id AS "UserId"
FROM localorg_grants WHERE revoked_at IS NULL
"""


def permission_access(object_type: ObjectType, user_id: str, rights: EffectiveRights) -> ObjectType:
    """UserPermissionAccess with the one row of the user who asks."""
    values = [
        "".join((_literal(make_id(object_type.key_prefix, number_of(user_id))), ' AS "Id"')),
        '(SELECT max(CreatedDate) FROM Organization) AS "LastCacheUpdate"',
    ]
    values += [
        "".join((str(int(rights.allows(field.name))), ' AS "', field.name, '"'))
        for field in object_type.fields.values()
        if field.name.startswith("Permissions")
    ]
    return replace(object_type, source="".join(("(SELECT ", ", ".join(values), ")")))


def oauth_tokens(object_type: ObjectType, user_id: str, rights: EffectiveRights) -> ObjectType:
    """OauthToken with the user's own approvals, or everybody's with Customize Application."""
    if rights.allows(_CUSTOMIZE_APPLICATION):
        return replace(object_type, source=f"({_GRANTS})")
    mine = " AND user_id = "
    return replace(object_type, source="".join(("(", _GRANTS, mine, _literal(user_id), ")")))


def _literal(text: str) -> str:
    return "".join(("'", text.replace("'", "''"), "'"))
