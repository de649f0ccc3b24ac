"""What is said of alerts, the same on pages, in letters and by commands.

None of it is personal data: names of connections and goals, numbers, moments, Salesforce's codes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from isthmus.connections.alert_signs import Kind
from isthmus.connections.explanations import explain
from isthmus.connections.models import Alert
from isthmus.domain import wall_clock

_LONGEST: Final = 120
"""Characters of a name that are shown."""


@dataclass(frozen=True, kw_only=True)
class AlertWords:
    """An alert in words."""

    title: str  # begins with `subject`
    sentence: str  # what is so, with numbers
    next_step: str
    address: str  # the path of the page where it is mended
    subject: str = ""  # what somebody has named; empty: nobody named it
    act: str = "Open"  # what leads to the address


@dataclass(frozen=True, kw_only=True)
class _Of:
    """An alert with what its words are made of."""

    alert: Alert

    @property
    def facts(self) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = self.alert.facts
        return facts

    @property
    def connection(self) -> str:
        return _shortened(self.alert.connection.name) if self.alert.connection else ""

    @property
    def goal(self) -> str:
        goal = self.alert.goal
        return _shortened(goal.definition.name or goal.key) if goal else ""

    @property
    def also(self) -> str:
        """What is said where several connections share the sign-in."""
        more = len(self.facts.get("connections", [0])) - 1
        if not more:
            return ""
        return f" {plural(more, 'other connection shares', 'other connections share')} the sign-in."

    def page(self, *parts: str, **query: str) -> str:
        """A page of the connection."""
        if self.alert.connection is None:
            return "/connections"
        places = ["connections", self.alert.connection.key, *parts]
        path = "/" + "/".join(quote(each, safe="") for each in places)
        return f"{path}?{urlencode(query)}" if query else path

    def run_page(self, *parts: str, **query: str) -> str:
        """A page of its run; of the connection, where the run is not known."""
        number = self.facts.get("run")
        return self.page("runs", str(number), *parts, **query) if number else self.page()

    def moment(self, name: str) -> str:
        """A moment of the facts, in words."""
        return moment(self.alert, datetime.fromisoformat(self.facts[name]))


def words(alert: Alert) -> AlertWords:
    """What is said of it."""
    return _WORDS[Kind(alert.kind)](_Of(alert=alert))


def moment(alert: Alert, at: datetime) -> str:
    """A moment in the time zone of the alert's connection; of what is about none, in UTC.

    Whoever reads it reads the same, in a letter, on a page and in a terminal, and may pass it on.
    """
    return wall_clock.words(at, alert.connection.timezone if alert.connection else "UTC")


def _shortened(name: str) -> str:
    """The name, as long as a line of it can be."""
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}\N{HORIZONTAL ELLIPSIS}"


def plural(number: int, one: str, several: str) -> str:
    """The number with its word."""
    return f"{number:,} {one if number == 1 else several}"


def span(seconds: float) -> str:
    """A length of time, in its largest unit or two."""
    length = timedelta(seconds=round(seconds))
    hours, rest = divmod(length.seconds, 3600)
    minutes, left = divmod(rest, 60)
    parts = ((length.days, "d"), (hours, "h"), (minutes, "min"), (left, "s"))
    shown = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(shown[:2]) or "no time"


def _sign_in_lost(of: _Of) -> AlertWords:
    return AlertWords(
        subject=of.connection,
        title=f"{of.connection} can't sign in",
        sentence=f"Salesforce has refused its sign-in for good since {of.moment('since')}."
        f"{of.also} No run can start; nothing is lost, the next run goes on from there.",
        next_step="Connect it to Salesforce again.",
        address=of.page("sign-in"),
        act="Connect again",
    )


def _did_not_start(of: _Of) -> AlertWords:
    number = of.facts.get("run")
    if number:
        sentence = (
            f"Run {number} has been queued since {of.moment('since')}, and no worker has taken it."
        )
    else:
        sentence = f"Its schedule says {of.moment('since')}, and no run began."
    return AlertWords(
        subject=of.connection,
        title=f"{of.connection} did not start",
        sentence=sentence,
        next_step="See that a worker runs (`isthmus up`, `isthmus worker`): it starts what is due. "
        "Where one runs and is busy with other runs, start another beside it.",
        address=of.page(),
        act="See the connection",
    )


def _unsteady_sign_in(of: _Of) -> AlertWords:
    runs = plural(of.facts["runs"], "run", "runs")
    return AlertWords(
        subject=of.connection,
        title=f"{of.connection} got no further than the sign-in {of.facts['runs']} times in a row",
        sentence=f"Its last {runs}, from {of.moment('since')} on, ended at the sign-in, before any "
        f"goal was begun.",
        next_step="Read what the last run says, and check the sign-in.",
        address=of.run_page(),
        act="See the run",
    )


def _no_api(of: _Of) -> AlertWords:
    return AlertWords(
        subject=of.connection,
        title=f"{of.connection} is about to lose its sign-in: API Enabled is missing",
        sentence=f"Its Salesforce user lacks the permission API Enabled, which every call needs."
        f"{of.also}",
        next_step="Ask the Salesforce administrator to give it, then check the sign-in here.",
        address=of.page() + "#authorization",
        act="See the sign-in",
    )


def _certificate_ends(of: _Of) -> AlertWords:
    ended = of.facts.get("ended")
    return AlertWords(
        subject=of.connection,
        title=f"{of.connection} signs in by a certificate that {'has ended' if ended else 'ends'}",
        sentence=f"The certificate {'ended' if ended else 'ends'} on {of.moment('ends')}. "
        f"Salesforce refuses every sign-in by it after that.{of.also}",
        next_step="Connect again with a new certificate; the app in Salesforce gets it first.",
        address=of.page("sign-in"),
        act="Renew it",
    )


def _too_many_sign_ins(of: _Of) -> AlertWords:
    return AlertWords(
        subject=of.connection,
        title=f"{of.connection} may lose its sign-in: its user has too many",
        sentence=f"Its Salesforce user has {of.facts['sign_ins']} sign-ins by browser through one "
        f"app, and Salesforce ends the oldest of more than four.",
        next_step="Let connections share one sign-in, or disconnect one that is not needed.",
        address="/authorizations",
        act="See the sign-ins",
    )


def _fewer_records(of: _Of) -> AlertWords:
    records = of.facts["records"]
    return AlertWords(
        subject=of.connection,
        title=f"{of.connection} got far fewer records than usual",
        sentence=_amount(of, plural(records, "record", "records") if records else "no records"),
        next_step="Look whether a filter, a permission or a segment has changed. After a holiday "
        "there is nothing to do. If it is to stay so, take it as usual.",
        address=of.run_page(),
        act="See the run",
    )


def _more_records(of: _Of) -> AlertWords:
    return AlertWords(
        subject=of.connection,
        title=f"{of.connection} got far more records than usual",
        sentence=_amount(of, plural(of.facts["records"], "record", "records")),
        next_step="Look whether somebody changed many records at once. If that was meant, there "
        "is nothing to do. If it is to stay so, take it as usual.",
        address=of.run_page(),
        act="See the run",
    )


def _amount(of: _Of, records: str) -> str:
    return (
        f"Run {of.facts['run']} got {records} for {of.goal}; {of.facts['usual']:,} are usual, by "
        f"the {of.facts['compared']} runs before."
    )


def _rows_held(of: _Of) -> AlertWords:
    code, rows = of.facts["code"], plural(of.facts["rows"], "row is", "rows are")
    times = f"up to {of.facts['failures']} times" if of.facts["failures"] else "again and again"
    most = f", mostly with {code}. {explain(code).meaning}" if code else "."
    return AlertWords(
        subject=of.connection,
        title=f"{of.connection} holds {plural(of.facts['rows'], 'row', 'rows')} back",
        sentence=f"{rows} held back in {of.goal}: Salesforce refused the same values {times}{most}",
        next_step="Correct what the code names: a row with another value is sent by the next run.",
        address=of.run_page(
            "rows",
            goal=of.alert.goal.key if of.alert.goal else "",
            outcome="skipped",
            reason="held",
        ),
        act="See the rows",
    )


def _long_run(of: _Of) -> AlertWords:
    usual = span(of.facts["usual_seconds"])
    return AlertWords(
        subject=of.connection,
        title=f"{of.connection} has been running for unusually long",
        sentence=f"Run {of.facts['run']} began on {of.moment('since')} and goes on; {usual} is "
        f"usual, by the {of.facts['compared']} runs before.",
        next_step="Look at which step it is. Where it does not get on, stop it and run it again.",
        address=of.run_page(),
        act="See the run",
    )


def _waits_for_calls(of: _Of) -> AlertWords:
    return AlertWords(
        subject=of.connection,
        title=f"{of.connection} has been waiting for API calls",
        sentence=f"Run {of.facts['run']} began on {of.moment('since')}, and the org has no API "
        f"calls left for it.",
        next_step="It goes on by itself. Give it a larger share of the calls, or run less often.",
        address=of.run_page(),
        act="See the run",
    )


def _letters_wait(of: _Of) -> AlertWords:
    is_mail = of.facts["channel"] == "email"
    what = "E-mail" if is_mail else "Webhooks"
    one, several = ("e-mail", "e-mails") if is_mail else ("call", "calls")
    lost, waits = of.facts.get("lost", 0), of.facts["waiting"]
    said = []
    if lost:
        missed = plural(of.facts.get("missed", 1), "address has", "addresses have")
        gone = plural(lost, f"{one} was", f"{several} were")
        said.append(f"{gone} given up, and {missed} {'got' if is_mail else 'taken'} none since.")
    if waits:
        said.append(f"{plural(waits, f'{one} waits', f'{several} wait')}.")
    return AlertWords(
        title=f"{what} can't be sent" if waits else f"{what} did not arrive",
        sentence=f"{' '.join(said)} The oldest of all is of {of.moment('since')}.",
        next_step="Look who got nothing and why, mend that, and try again.",
        address="/mail",
        act="See who got nothing" if lost else "See the mail server" if is_mail else "See why",
    )


_WORDS: Final[Mapping[Kind, Callable[[_Of], AlertWords]]] = {
    Kind.SIGN_IN_LOST: _sign_in_lost,
    Kind.DID_NOT_START: _did_not_start,
    Kind.UNSTEADY_SIGN_IN: _unsteady_sign_in,
    Kind.NO_API: _no_api,
    Kind.CERTIFICATE_ENDS: _certificate_ends,
    Kind.TOO_MANY_SIGN_INS: _too_many_sign_ins,
    Kind.ROWS_HELD: _rows_held,
    Kind.FEWER_RECORDS: _fewer_records,
    Kind.LONG_RUN: _long_run,
    Kind.MORE_RECORDS: _more_records,
    Kind.WAITS_FOR_CALLS: _waits_for_calls,
    Kind.LETTERS_WAIT: _letters_wait,
}
"""In the order of urgency."""

URGENCY: Final = {kind: place for place, kind in enumerate(_WORDS)}
