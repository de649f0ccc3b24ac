"""The tables of sign-in; times are seconds since 1970 of the org's clock."""

from localorg.store import Store

_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS localorg_grants (
        number INTEGER PRIMARY KEY,
        record_id TEXT NOT NULL,
        client_id TEXT NOT NULL,
        app_name TEXT NOT NULL,
        user_id TEXT NOT NULL,
        scope TEXT NOT NULL,
        refresh_digest TEXT NOT NULL UNIQUE,
        delete_token TEXT NOT NULL UNIQUE,
        created_at REAL NOT NULL,
        used_at REAL NOT NULL,
        use_count INTEGER NOT NULL DEFAULT 0,
        revoked_at REAL
    )
    """,
    """
    CREATE INDEX IF NOT EXISTS localorg_grants_of_user
    ON localorg_grants (user_id, client_id) WHERE revoked_at IS NULL
    """,
    """
    CREATE TABLE IF NOT EXISTS localorg_grant_rotations (
        old_digest TEXT PRIMARY KEY,
        grant_number INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS localorg_grant_codes (
        code_digest TEXT PRIMARY KEY,
        client_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        redirect_uri TEXT NOT NULL,
        scope TEXT NOT NULL,
        challenge TEXT,
        nonce TEXT,
        issued_at REAL NOT NULL,
        used INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS localorg_grant_approvals (
        user_id TEXT NOT NULL,
        client_id TEXT NOT NULL,
        scope TEXT NOT NULL,
        PRIMARY KEY (user_id, client_id)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS localorg_tokens (
        token_digest TEXT PRIMARY KEY,
        user_id TEXT NOT NULL,
        client_id TEXT NOT NULL,
        scope TEXT NOT NULL,
        grant_number INTEGER,
        issued_at REAL NOT NULL,
        used_at REAL NOT NULL
    )
    """,
    """
    CREATE INDEX IF NOT EXISTS localorg_tokens_of_grant
    ON localorg_tokens (grant_number) WHERE grant_number IS NOT NULL
    """,
    """
    CREATE TABLE IF NOT EXISTS localorg_app_policies (
        client_id TEXT PRIMARY KEY,
        policies TEXT NOT NULL
    )
    """,
    "CREATE TABLE IF NOT EXISTS localorg_token_keys (name TEXT PRIMARY KEY, pem TEXT NOT NULL)",
    """
    CREATE TABLE IF NOT EXISTS localorg_passwords (
        user_id TEXT PRIMARY KEY,
        hash TEXT,
        frozen INTEGER NOT NULL DEFAULT 0
    )
    """,
)


def create_tables(store: Store) -> None:
    """Make what is not there yet."""
    with store.write() as connection:
        for statement in _TABLES:
            connection.execute(statement)
