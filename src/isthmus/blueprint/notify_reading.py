"""Who hears of the runs of a connection, as a document says it."""

from ruamel.yaml.nodes import SequenceNode

from isthmus.blueprint.documents import Notify, Webhook
from isthmus.blueprint.nodes import Entries, Value
from isthmus.connections import webhook_setting
from isthmus.domain import notifying


def read_notify(connection: Entries) -> Notify | None:
    """What `notify` says; None where it is left out."""
    if "notify" not in connection:
        return None
    entries = connection.values["notify"].entries(optional=("to", "when", "webhook"))
    return Notify(
        to=_addresses(entries),
        when=_when(entries.values["when"]) if "when" in entries else notifying.PROBLEMS,
        webhook=_webhook(entries.values["webhook"]) if "webhook" in entries else None,
    )


def _addresses(entries: Entries) -> tuple[str, ...]:
    values = entries.items("to")
    texts = [value.text() for value in values]
    for place, why in notifying.troubles(texts):
        if texts[place]:
            values[place].report(why)
    return tuple(texts)


def _when(value: Value) -> str:
    """One of three words, or the ends of runs that are told, as a list."""
    if isinstance(value.node, SequenceNode):
        found = notifying.when_of([each.text() for each in value.items()])
    else:
        text = value.text()
        found = text if text in notifying.WHEN else None
    if found is None:
        value.report(notifying.WHEN_WORDS)
        return notifying.PROBLEMS
    return found


def _webhook(value: Value) -> Webhook:
    entries = value.entries(required=("url", "secret"))
    url, secret = entries.expanded("url"), entries.secret("secret")
    if url and (why := webhook_setting.trouble(url)):
        entries.report("url", why)
    if secret and (why := webhook_setting.secret_trouble(secret)):
        entries.report("secret", why)
    return Webhook(url=url, secret=secret)
