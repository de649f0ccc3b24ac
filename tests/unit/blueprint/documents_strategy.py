"""Documents of every shape that reading can give."""

import re
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from isthmus.blueprint.documents import (
    App,
    Authorization,
    Connection,
    Document,
    Goal,
    Notify,
    Org,
    Segment,
    Webhook,
)
from isthmus.connections.authorizations import Flow
from isthmus.domain.call_shares import SHARE_PERCENT
from isthmus.domain.goals import (
    PROFILE_ID,
    ExportField,
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    MatchRow,
    WhenEmpty,
    WhenTooLong,
)
from isthmus.domain.labels import trouble
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import OBJECTS
from isthmus.domain.properties import Normalise, OnMerge, PropertyDefinition, PropertyType
from isthmus.domain.record_ids import full_id
from isthmus.domain.schedule_reading import DAYS, MOST_A_DAY, WEEKS
from isthmus.domain.schedules import Schedule, read

KEYS = st.from_regex(re.compile(r"[A-Za-z0-9_]{1,12}", re.ASCII), fullmatch=True)
FIELDS = st.from_regex(re.compile(r"[A-Za-z][A-Za-z0-9_]{0,12}", re.ASCII), fullmatch=True)
PATHS = st.lists(FIELDS, min_size=1, max_size=3).map(".".join)
# Texts that YAML takes for something else come up far more often than by chance.
TRICKY = st.one_of(
    st.sampled_from(
        ["NO", "yes", "null", "~", "012", "0x1F", "1_000", "1e3", "12:30", "2025-01-01"]
    ),
    st.sampled_from(
        ["<<", "=", "[", "|", "{x}", "'", '"', "\\n", "%", "@", "?0", "!", "&", "*", "---"]
    ),
    st.sampled_from(
        ["- a", "# no", "a: b", "a:", "a #b", " lead", "trail ", "\t", "a\tb", "...", "é"]
    ),
    st.sampled_from(["\n", "a\n", "\na", "a\n\n", " a\nb", "a\n b \n", "a\n\n  b", "a\n\tb"]),
    st.sampled_from(["\u2028", "\x85", "\ufeff", "\x7f", "😀", "\xa0", "a\x85b\nc"]),
)
TEXTS = st.one_of(TRICKY, st.text(st.characters(exclude_categories=["Cs"]), max_size=30)).filter(
    lambda text: "\0" not in text
)
WORDS = TEXTS.filter(lambda text: bool(text.strip()))
NOT_VARIABLES = WORDS.filter(lambda text: "${" not in text)
HOSTS = KEYS.map("https://{}.my.salesforce.com".format)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def properties(draw: st.DrawFn) -> PropertyDefinition:
    identifier = draw(st.booleans())
    return PropertyDefinition(
        key=draw(KEYS),
        label=draw(WORDS),
        type=draw(st.sampled_from(PropertyType)),
        list=draw(st.booleans()),
        identifier=identifier,
        description=draw(WORDS | st.just("")),
        personal=identifier or draw(st.booleans()),
        normalise=draw(st.sampled_from(Normalise)),
        on_merge=draw(st.sampled_from(OnMerge)),
    )


def segments() -> SearchStrategy[Segment]:
    return st.builds(Segment, key=KEYS, name=WORDS, where=JSON)


def authorizations() -> SearchStrategy[Authorization]:
    by_secret = st.builds(
        Authorization,
        flow=st.just(Flow.CLIENT_CREDENTIALS),
        login_url=HOSTS,
        client_id=NOT_VARIABLES,
        secret=WORDS,
        username=st.just(""),
        audience=st.just(""),
    )
    by_key = st.builds(
        Authorization,
        flow=st.just(Flow.JWT),
        login_url=HOSTS,
        client_id=NOT_VARIABLES,
        secret=WORDS.filter(lambda text: "\\n" not in text),
        username=NOT_VARIABLES,
        audience=HOSTS | st.just(""),
    )
    by_browser = st.builds(
        Authorization,
        flow=st.just(Flow.BROWSER),
        login_url=HOSTS,
        client_id=st.just(""),
        app=st.just("") | NOT_VARIABLES,
    )
    return by_secret | by_key | by_browser


def apps() -> SearchStrategy[App]:
    return st.builds(App, name=NOT_VARIABLES, client_id=NOT_VARIABLES, secret=WORDS | st.just(""))


def match_rows(fields: SearchStrategy[str]) -> SearchStrategy[MatchRow]:
    return st.builds(MatchRow, field=fields, identifier=KEYS)


@st.composite
def import_fields(draw: st.DrawFn) -> ImportField:
    rule = draw(st.sampled_from(MergeRule))
    keep = rule is MergeRule.SET and draw(st.booleans())
    return ImportField(field=draw(PATHS), property=draw(KEYS), rule=rule, keep_when_empty=keep)


@st.composite
def export_fields(draw: st.DrawFn) -> ExportField:
    kind = draw(st.sampled_from(ExportKind))
    values = {
        ExportKind.PROPERTY: KEYS,
        ExportKind.IDENTIFIER: st.just(PROFILE_ID),
        ExportKind.TEXT: WORDS,
    }
    return ExportField(
        field=draw(FIELDS),
        kind=kind,
        value=draw(values[kind]),
        when_empty=draw(st.sampled_from(WhenEmpty)),
        when_too_long=draw(st.sampled_from(WhenTooLong)),
        separator=draw(st.none() | TEXTS.filter(bool)),
    )


def filters() -> SearchStrategy[Any]:
    """Filters in their plain form, sensible or not."""
    values = st.booleans() | st.integers() | TEXTS | st.lists(TEXTS, max_size=3)
    tests = st.builds(lambda name, value: {"field": name, "is": value}, PATHS, values)
    joined = st.lists(tests, min_size=1, max_size=3)
    return (
        tests
        | st.builds(lambda parts: {"all": parts}, joined)
        | st.builds(lambda part: {"not": part}, tests)
        | st.builds(lambda text: {"soql": text}, TEXTS)
    )


def goals() -> SearchStrategy[Goal]:
    common: dict[str, SearchStrategy[Any]] = {
        "key": KEYS,
        "name": WORDS,
        "object": st.sampled_from(list(OBJECTS.values())),
        "active": st.booleans(),
    }
    imports = st.builds(
        ImportGoal,
        **common,
        match=st.lists(match_rows(PATHS), max_size=3).map(tuple),
        fields=st.lists(import_fields(), max_size=3).map(tuple),
        create_profiles=st.booleans(),
        object_type_property=KEYS,
        filter=st.none() | filters(),
    )
    exports = st.builds(
        ExportGoal,
        **common,
        segment=KEYS,
        match=match_rows(FIELDS),
        fields=st.lists(export_fields(), max_size=3).map(tuple),
        create_records=st.booleans(),
        update_records=st.booleans(),
    )
    return imports | exports


def labels() -> SearchStrategy[str]:
    return WORDS.filter(lambda text: not trouble(text))


def schedules() -> SearchStrategy[Schedule]:
    at = st.lists(st.times().map("{:%H:%M}".format), min_size=1, max_size=12)
    plain = st.one_of(
        st.builds(lambda number: {"times_a_day": number}, st.integers(1, MOST_A_DAY)),
        st.fixed_dictionaries(
            {"days": st.lists(st.sampled_from(DAYS), min_size=1), "at": at},
            optional={"timezone": st.sampled_from(["Asia/Tokyo", "UTC"])},
        ),
        st.fixed_dictionaries({"day": st.lists(st.integers(1, 31), min_size=1), "at": at}),
        st.fixed_dictionaries(
            {"weekday": st.sampled_from(DAYS), "of_month": st.sampled_from(WEEKS), "at": at}
        ),
        st.sampled_from([{"cron": "*/5 6-18 * * mon-fri"}, {"by_hand": True}]),
    )
    return plain.map(read)


def notifies() -> SearchStrategy[Notify]:
    webhooks = st.builds(
        Webhook,
        url=st.sampled_from(["https://example.com/hook", "https://hooks.example.org:8443/a?b=c"]),
        secret=st.just("secret that is long"),
    )
    return st.builds(
        Notify,
        to=st.lists(
            st.sampled_from(["ops@example.com", "a+b@example.org", "x@y.co"]), unique=True
        ).map(tuple),
        when=st.sampled_from(["every", "problems", "failures"]),
        webhook=st.none() | webhooks,
    )


def connections() -> SearchStrategy[Connection]:
    return st.builds(
        Connection,
        key=KEYS,
        name=WORDS,
        authorization=st.none() | authorizations(),
        active=st.booleans(),
        sandbox=st.booleans(),
        timezone=st.sampled_from(["UTC", "Europe/Amsterdam", "America/New_York"]),
        overlap_seconds=st.integers(0, 86_400),
        settle_seconds=st.integers(0, 86_400),
        confirm_above=st.none() | st.integers(1, 100),
        confirm_hours=st.integers(1, 720),
        schedule=st.none() | schedules(),
        labels=st.lists(labels(), max_size=3, unique=True).map(tuple),
        description=WORDS | st.just(""),
        notify=st.none() | notifies(),
        goals=st.none() | st.lists(goals(), max_size=3).map(tuple),
    )


def orgs() -> SearchStrategy[Org]:
    """Those with the usual share go without saying, so none of these has it."""
    ids = st.from_regex(re.compile(r"00D[A-Za-z0-9]{12}", re.ASCII), fullmatch=True).map(full_id)
    percent = st.integers(1, 100).filter(lambda each: each != SHARE_PERCENT)
    return st.builds(Org, id=ids, api_share_percent=percent)


def documents() -> SearchStrategy[Document]:
    several = st.lists(connections(), max_size=3, unique_by=lambda connection: connection.key)
    return st.builds(
        Document,
        properties=st.lists(properties(), max_size=4).map(tuple),
        segments=st.lists(segments(), max_size=3).map(tuple),
        connections=several.flatmap(some_share).map(tuple),
        apps=st.lists(apps(), max_size=2, unique_by=lambda app: app.name).map(tuple),
        orgs=st.lists(orgs(), max_size=2, unique_by=lambda org: org.id).map(tuple),
    )


def some_share(connections: list[Connection]) -> SearchStrategy[list[Connection]]:
    """Of those that say nothing of signing in, some share the sign-in of one that does."""
    owners = [each.key for each in connections if each.authorization is not None]
    shares = st.just("") | st.sampled_from(owners) if owners else st.just("")

    def shared(connection: Connection) -> SearchStrategy[Connection]:
        if connection.authorization is not None:
            return st.just(connection)
        return shares.map(lambda key: replace(connection, share=key))

    return st.tuples(*map(shared, connections)).map(list)
