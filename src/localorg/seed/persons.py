"""Person accounts: a row of Account and a hidden row of Contact that always say the same."""

from collections.abc import Sequence

from localorg.schema import PERSON_FIELDS, ObjectType
from localorg.seed.batches import Batch, masters, retire, system_columns
from localorg.seed.contacts import finish, person_columns
from localorg.seed.facts import external_references
from localorg.seed.people import Columns
from localorg.store import PERSON_RECORD_TYPE_ID

_ALIKE = ("FirstName", "LastName", "Name", "Email")
# What both rows have of themselves; the other columns of the account are the contact's.
_STAMPS = (
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
    "IsDeleted",
)


def person_account_columns(batch: Batch, contact_ids: Sequence[str]) -> tuple[Columns, Columns]:
    """The columns of the accounts and of their hidden contacts, which get `contact_ids`."""
    contacts = person_columns(batch)
    finish(batch, contacts)
    _shorten(batch.object_type, contacts)
    pairs = retire(batch, contacts, _ALIKE)
    contacts |= system_columns(batch)
    accounts = _accounts(batch, contacts)
    accounts["PersonContactId"] = list(contact_ids)
    contacts |= {
        "Id": list(contact_ids),
        "AccountId": batch.ids,
        "IsPersonAccount": [1] * batch.count,
        "MasterRecordId": masters(contact_ids, pairs),
    }
    return accounts, contacts


def _accounts(batch: Batch, contacts: Columns) -> Columns:
    shown = {ours: contacts[theirs] for ours, theirs in PERSON_FIELDS.items() if theirs in contacts}
    own = {name: contacts[name] for name in (*_STAMPS, "Id", "MasterRecordId", "LastActivityDate")}
    return (
        shown
        | own
        | {
            "IsPersonAccount": [1] * batch.count,
            "RecordTypeId": [PERSON_RECORD_TYPE_ID] * batch.count,
            "External_Ref__c": external_references(batch.rng, batch.count),
        }
    )


def _shorten(account: ObjectType, contacts: Columns) -> None:
    """Cut what an account has less room for than a contact, such as titles."""
    for ours, theirs in PERSON_FIELDS.items():
        field = account.fields[ours.lower()]
        if theirs in contacts and field.is_text:
            contacts[theirs] = [
                value and value[: field.length].strip() for value in contacts[theirs]
            ]
