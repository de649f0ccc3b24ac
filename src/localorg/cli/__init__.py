"""The command `localorg`."""

import typer

from localorg.cli.controlling import control
from localorg.cli.faulting import fault
from localorg.cli.proxying import proxy
from localorg.cli.serving import ca, seed, serve

app = typer.Typer(
    help="A Salesforce-compatible org on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(seed)
app.command()(ca)
app.command()(proxy)
app.add_typer(control, name="control")
app.add_typer(fault, name="fault")


def main() -> None:
    """Run the command."""
    app()
