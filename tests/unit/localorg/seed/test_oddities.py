"""Everything that breaks careless programs is in an org of a few thousand records."""

import re
import unicodedata
from collections import Counter
from typing import Any

import pytest

from localorg.schema.people import INTERESTS
from localorg.seed.phrases import oddities
from localorg.store import Store
from unit.localorg.seed.conftest import NewOrg, Record, Records, read_records

SCRIPTS = (
    "GREEK",
    "CYRILLIC",
    "ARABIC",
    "HEBREW",
    "CJK",
    "HIRAGANA",
    "KATAKANA",
    "HANGUL",
    "THAI",
    "DEVANAGARI",
    "LATIN",
)


def texts(rows: list[Record], *fields: str) -> list[str]:
    return [row[field] for row in rows for field in fields if row[field] is not None]


def scripts_of(text: str) -> set[str]:
    names = (unicodedata.name(sign, "?") for sign in text if sign.isalpha())
    return {name.split(" ")[0] for name in names}


@pytest.mark.parametrize("object_name", ["Lead", "Contact"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_people_are_named_in_many_scripts(records: Records, object_name: str, script: str) -> None:
    names = texts(records(object_name), "FirstName", "LastName")
    assert sum(script in scripts_of(name) for name in names) >= 3


@pytest.mark.parametrize("entry", oddities(), ids=str)
def test_every_oddity_is_a_lead_and_a_contact(records: Records, entry: dict[str, Any]) -> None:
    on_lead = {name.removeprefix("Mailing"): value for name, value in entry.items()}
    on_contact = {name: value for name, value in entry.items() if name in records("Contact")[0]}
    on_lead = {name: value for name, value in on_lead.items() if name in records("Lead")[0]}
    for object_name, wanted in (("Lead", on_lead), ("Contact", on_contact)):
        if wanted:
            assert any(wanted.items() <= row.items() for row in records(object_name))


@pytest.mark.parametrize(
    ("object_name", "field_name"),
    [
        ("Lead", "FirstName"),
        ("Lead", "LastName"),
        ("Lead", "Title"),
        ("Lead", "Company"),
        ("Lead", "Street"),
        ("Lead", "City"),
        ("Lead", "State"),
        ("Lead", "PostalCode"),
        ("Lead", "Country"),
        ("Lead", "Phone"),
        ("Lead", "Email"),
        ("Lead", "Website"),
        ("Lead", "Description"),
        ("Contact", "MailingStreet"),
        ("Contact", "Department"),
        ("Contact", "Description"),
        ("Account", "Name"),
        ("Account", "PersonTitle"),
        ("Case", "Subject"),
        ("Case", "Description"),
    ],
)
def test_some_value_fills_its_field_to_the_last_character(
    org: Store, records: Records, object_name: str, field_name: str
) -> None:
    length = org.schema.object(object_name).field(field_name).length
    assert length in {len(text) for text in texts(records(object_name), field_name)}


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("an Irish name", r"O'Brien"),
        ("a newline", r"\n"),
        ("a carriage return", r"\r\n"),
        ("a semicolon", r";"),
        ("a comma", r","),
        ("a quote", r'"'),
        ("a line separator", "\u2028"),
        ("a no-break space", "\u00a0"),
        ("an emoji", "[\U0001f300-\U0001faff]"),
        ("the end mark of COPY", r"^\\\.$"),
        ("COPY's null", r"^\\N$"),
    ],
)
def test_free_text_holds(records: Records, what: str, pattern: str) -> None:
    fields = ("LastName", "Title", "Description", "Street", "Company")
    found = [text for text in texts(records("Lead"), *fields) if re.search(pattern, text)]
    assert found, what


@pytest.mark.parametrize(
    "value", ["NA", "N/A", "null", "Null", "#1", "=SUM(A1:A9)", "007", "TRUE", "1e5", "-"]
)
def test_some_text_looks_like_nothing_or_like_a_number(records: Records, value: str) -> None:
    fields = ("FirstName", "LastName", "Title", "Description")
    assert value in set(texts(records("Lead"), *fields))


def test_amounts_are_also_negative_nothing_and_very_large(records: Records) -> None:
    for field in ("AnnualRevenue", "Annual_Spend__c"):
        amounts = [row[field] for row in records("Lead") if row[field] is not None]
        assert min(amounts) < 0
        assert 0 in amounts
        assert max(amounts) > 10**12
    spends = [row["Annual_Spend__c"] for row in records("Lead") if row["Annual_Spend__c"]]
    assert sum(amount != int(amount) for amount in spends) > len(spends) / 2


def test_somebody_was_born_in_the_1920s(records: Records) -> None:
    births = texts(records("Contact"), "Birthdate")
    assert sum(birth < "1930" for birth in births) >= 5
    assert "1924-02-29" in births


def test_interests_are_several_in_the_order_of_the_list(records: Records) -> None:
    chosen = [text.split(";") for text in texts(records("Lead"), "Interests__c")]
    assert {len(choice) for choice in chosen} >= {1, 2, 3, 6}
    listed = [choice for choice in chosen if set(choice) <= set(INTERESTS)]
    assert len(listed) < len(chosen)
    assert all(choice == sorted(choice, key=INTERESTS.index) for choice in listed)


def test_the_same_person_is_several_leads(records: Records) -> None:
    people = Counter((row["Name"], row["Email"].lower()) for row in records("Lead") if row["Email"])
    assert sum(count >= 2 for count in people.values()) >= 20
    assert max(people.values()) >= 4


def test_the_same_person_is_a_lead_and_a_contact(records: Records) -> None:
    open_leads = [row for row in records("Lead") if not row["IsConverted"] and row["Email"]]
    leads = {(row["Name"], row["Email"].lower()) for row in open_leads}
    contacts = {(row["Name"], row["Email"].lower()) for row in records("Contact") if row["Email"]}
    assert len(leads & contacts) >= 20


def test_one_address_is_written_in_different_case(records: Records) -> None:
    spellings: dict[str, set[str]] = {}
    for email in texts(records("Lead") + records("Contact"), "Email"):
        spellings.setdefault(email.lower(), set()).add(email)
    assert sum(len(found) > 1 for found in spellings.values()) >= 5


def test_some_mailboxes_are_shared_by_colleagues(records: Records) -> None:
    emails = texts(records("Lead"), "Email")
    assert sum(email.startswith(("info@", "sales@", "office@")) for email in emails) >= 5


def test_bulk_loads_left_many_rows_with_one_stamp(records: Records) -> None:
    stamps = Counter(row["CreatedDate"] for row in records("Lead"))
    heaps = [count for _, count in stamps.most_common(8)]
    assert min(heaps) >= 35
    assert len(stamps) > len(records("Lead")) / 2


def test_unchanged_rows_of_a_bulk_load_still_have_its_stamp(records: Records) -> None:
    loads = Counter(row["CreatedDate"] for row in records("Lead")).most_common(8)
    for stamp, count in loads:
        rows = [row for row in records("Lead") if row["CreatedDate"] == stamp]
        unchanged = sum(row["SystemModstamp"] == stamp for row in rows)
        assert 0.1 < unchanged / count < 0.7


def test_maintenance_saved_many_rows_in_one_second(records: Records) -> None:
    (stamp, count), *_ = Counter(row["SystemModstamp"] for row in records("Lead")).most_common(1)
    assert count >= 50
    rows = [row for row in records("Lead") if row["SystemModstamp"] == stamp]
    assert all(row["LastModifiedDate"] < stamp for row in rows)


def test_a_small_org_is_not_made_of_oddities(new_org: NewOrg) -> None:
    leads = read_records(new_org(leads=20), "Lead")
    plain = [lead for lead in leads if re.fullmatch(r"[^\W\d_][\w.'\u2019 -]+", lead["LastName"])]
    assert len(plain) >= 14
