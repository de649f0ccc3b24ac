"""The command `isthmus`, put together from its groups."""

import sys
from typing import Annotated

import typer

from isthmus.cli import (
    alerts,
    authorization,
    client_app,
    config,
    connection,
    mail,
    org,
    profiles,
    segment,
    stored_secrets,
    streams,
    user,
)
from isthmus.cli.audit import audit
from isthmus.cli.backing_up import backup, restore, resume
from isthmus.cli.demo import demo
from isthmus.cli.doctor import doctor
from isthmus.cli.failures import DEBUG
from isthmus.cli.registration import LOOKS, command
from isthmus.cli.status import EXPLAINED
from isthmus.cli.up import up
from isthmus.cli.web import web
from isthmus.cli.worker import worker

_EPILOG = f"""\
{EXPLAINED}

Settings: ISTHMUS_HOME is the data folder (by default the user's own). DATABASE_URL names a \
PostgreSQL server to use instead of the embedded one. ISTHMUS_SECRET_KEY is the key of stored \
secrets (by default a file in the data folder). ISTHMUS_SALESFORCE_HOSTS allows hosts beside \
Salesforce's own. ISTHMUS_SALESFORCE_APP_ID and ISTHMUS_SALESFORCE_APP_SECRET are consumer key and \
secret of an app that people sign in through. ISTHMUS_WORKER_LOOK_SECONDS is how often a worker \
looks for runs by itself (by default every 5 seconds). ISTHMUS_LIMIT_WAIT_SECONDS is how long a \
run waits for API calls (900). \
ISTHMUS_KEEP_OUTCOMES_DAYS is how long the journal of values and the outcomes of records are kept \
(30), ISTHMUS_KEEP_LOG_DAYS how long the problems that runs met are (90), and \
ISTHMUS_KEEP_AUDIT_DAYS how long the audit log is (for good). \
ISTHMUS_URL is the address under which a browser finds the pages, where a proxy stands before \
them; links in e-mails lead there. ISTHMUS_SMTP_URL (smtp://user:password@host:587, or smtps://) \
and ISTHMUS_SMTP_FROM give the mail server. ISTHMUS_WEBHOOK_HOSTS allows webhooks by http, and \
hosts of this network. ISTHMUS_METRICS_TOKEN is what monitoring has to give to read \
/metrics. \
{DEBUG}=1 shows where an error came from. NO_COLOR=1 leaves colours out.
"""

app = typer.Typer(
    name="isthmus",
    help="Customer profiles with a two-way Salesforce connection.",
    epilog=_EPILOG,
    **LOOKS,
)


def _show_version(value: bool) -> None:  # noqa: FBT001 - typer calls it so
    if value:
        from isthmus import __version__

        typer.echo(f"isthmus {__version__}")
        raise typer.Exit


@app.callback()
def isthmus(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and end."
        ),
    ] = False,
) -> None:
    """Customer profiles with a two-way Salesforce connection."""
    del version


@command(app, "migrate", "isthmus migrate")
def migrate() -> None:
    """Bring the database's tables up to this version.

    Safe to repeat. Other commands do it by themselves where it is needed; on a server it is good
    to do it at a time of one's own choosing, with no run under way and no worker of the version
    before.
    """
    from isthmus.cli import session
    from isthmus.cli.output import note

    with session.database(migrated=False):
        from isthmus.worker import any_works

        if any_works():
            note("A worker runs. If it is of the version before, end it, and start it anew.")
        from isthmus.profiles.migrate import migrate as bring_up

        bring_up()
    note("The database is ready.")


command(
    app,
    "up",
    "isthmus up",
    "isthmus up --concurrency 8",
    summary="Start database, worker and web pages, and keep them running.",
)(up)
command(
    app,
    "worker",
    "isthmus worker",
    "isthmus worker --once",
    "isthmus worker --log json 2>> worker.log",
)(worker)
command(
    app,
    "web",
    "isthmus web",
    "isthmus web --port 8080",
    summary="Serve the web pages.",
)(web)
app.add_typer(config.app)
app.add_typer(connection.app)
app.add_typer(alerts.app)
app.add_typer(authorization.app)
app.add_typer(client_app.app)
app.add_typer(org.app)
app.add_typer(profiles.app)
app.add_typer(segment.app)
app.add_typer(user.app)
app.add_typer(mail.app)
app.add_typer(stored_secrets.app)
command(
    app,
    "audit",
    "isthmus audit --connection acme",
    "isthmus audit --by marit@example.com --since 2026-11-30 --json",
    summary="Show who changed what, and who asked for which run.",
)(audit)
command(app, "doctor", "isthmus doctor")(doctor)
command(
    app,
    "backup",
    "isthmus backup store.isthmus-backup",
    "isthmus backup --to /backups --keep 14",
    summary="Write the whole store into one file, while runs go on.",
)(backup)
command(
    app,
    "restore",
    "isthmus restore store.isthmus-backup",
    "isthmus restore store.isthmus-backup --replace",
    summary="Restore a store from the file of a backup.",
)(restore)
command(app, "resume", "isthmus resume")(resume)
command(app, "demo", summary="Play the main job against an org on this machine.")(demo)


def main() -> None:
    """Run the command that the arguments name."""
    streams.prepare()
    app(sys.argv[1:], prog_name="isthmus")
