"""What is suggested for Salesforce's standard fields, and what is not."""

import pytest

from isthmus.domain.field_types import Fit
from isthmus.domain.likely_pairs import NamedField, Pair, likely_pairs
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.properties import PropertyDefinition, PropertyType

_CONTACT = [
    ("Id", "Contact ID", "id"),
    ("IsDeleted", "Deleted", "boolean"),
    ("LastName", "Last Name", "string"),
    ("FirstName", "First Name", "string"),
    ("Salutation", "Salutation", "picklist"),
    ("Name", "Full Name", "string"),
    ("OtherCity", "Other City", "string"),
    ("OtherCountry", "Other Country", "string"),
    ("MailingStreet", "Mailing Street", "textarea"),
    ("MailingCity", "Mailing City", "string"),
    ("MailingState", "Mailing State/Province", "string"),
    ("MailingPostalCode", "Mailing Zip/Postal Code", "string"),
    ("MailingCountry", "Mailing Country", "string"),
    ("Phone", "Business Phone", "phone"),
    ("Fax", "Business Fax", "phone"),
    ("MobilePhone", "Mobile Phone", "phone"),
    ("HomePhone", "Home Phone", "phone"),
    ("Email", "Email", "email"),
    ("Title", "Title", "string"),
    ("Department", "Department", "string"),
    ("Birthdate", "Birthdate", "date"),
    ("LeadSource", "Lead Source", "picklist"),
    ("HasOptedOutOfEmail", "Email Opt Out", "boolean"),
    ("LastActivityDate", "Last Activity", "date"),
    ("CreatedDate", "Created Date", "datetime"),
    ("Interests__c", "Interests", "multipicklist"),
    ("Health_Score__c", "Health Score", "double"),
]
CONTACT = [
    NamedField(name=name, label=label, type=type_, scale=2 if type_ == "double" else 0)
    for name, label, type_ in _CONTACT
]


def a_property(key: str, label: str = "", type_: str = "text", **given: bool) -> PropertyDefinition:
    return PropertyDefinition(
        key=key,
        label=label or key.replace("_", " ").capitalize(),
        type=PropertyType(type_),
        **given,
    )


def suggested(*properties: PropertyDefinition, **taken: list[str]) -> dict[str, str]:
    return {each.property: each.field for each in likely_pairs(CONTACT, properties, **taken)}


@pytest.mark.parametrize(
    ("key", "label", "type_", "field"),
    [
        ("first_name", "First name", "text", "FirstName"),
        ("given_name", "Given name", "text", "FirstName"),
        ("surname", "Surname", "text", "LastName"),
        ("email", "E-mail", "email", "Email"),
        ("mail", "E-mail address", "email", "Email"),
        ("mobile", "Mobile", "text", "MobilePhone"),
        ("phone", "Telephone", "text", "Phone"),
        ("birthday", "Date of birth", "date", "Birthdate"),
        ("born", "Birthday", "date", "Birthdate"),
        ("city", "City", "text", "MailingCity"),
        ("country", "Country", "text", "MailingCountry"),
        ("zip", "ZIP", "text", "MailingPostalCode"),
        ("postcode", "Postcode", "text", "MailingPostalCode"),
        ("province", "Province", "text", "MailingState"),
        ("street", "Street", "text", "MailingStreet"),
        ("job_title", "Job title", "text", "Title"),
        ("full_name", "Name", "text", "Name"),
        ("opt_out", "E-mail opt out", "boolean", "HasOptedOutOfEmail"),
        ("last_activity", "Last activity", "datetime", "LastActivityDate"),
        ("interests", "Interests", "text", "Interests__c"),
        ("health_score", "Health score", "decimal", "Health_Score__c"),
        ("departement", "Département", "text", None),
        ("department", "DEPARTMENT", "text", "Department"),
    ],
)
def test_a_standard_field_is_found_by_its_name_or_what_people_call_it(
    key: str, label: str, type_: str, field: str | None
) -> None:
    found = suggested(a_property(key, label, type_))
    assert found == ({key: field} if field else {})


@pytest.mark.parametrize(
    ("key", "label", "type_"),
    [
        ("score", "Score", "integer"),
        ("shoe_size", "Shoe size", "text"),
        ("deleted", "Deleted", "boolean"),
        ("activity", "Activity", "date"),
        ("name_day", "Name day", "date"),
        ("business", "Business", "text"),
        ("last", "Last", "text"),
        ("birthday", "Birthday", "boolean"),
        ("title", "Title", "date"),
    ],
)
def test_what_is_only_a_little_alike_or_can_never_fit_is_not_suggested(
    key: str, label: str, type_: str
) -> None:
    found = suggested(a_property(key, label, type_))
    assert found in ({}, {"title": "Title"})
    if key == "title":
        (pair,) = likely_pairs(CONTACT, [a_property(key, label, type_)])
        assert pair.fits is Fit.PERHAPS


def test_a_list_gains_values_and_a_single_value_is_set() -> None:
    many = a_property("interests", list=True)
    (pair,) = likely_pairs(CONTACT, [many])
    assert pair == Pair(
        field="Interests__c",
        property="interests",
        rule=MergeRule.ADD,
        score=pair.score,
        fits=Fit.ALWAYS,
    )
    (pair,) = likely_pairs(CONTACT, [a_property("title")])
    assert pair.rule is MergeRule.SET


def test_no_field_and_no_property_stands_in_two_pairs_and_the_better_name_wins() -> None:
    wanted = [a_property("city"), a_property("mailing_city"), a_property("email", type_="email")]
    assert suggested(*wanted) == {"mailing_city": "MailingCity", "email": "Email"}


def test_what_is_mapped_already_is_left_out() -> None:
    email, title = a_property("email", type_="email"), a_property("title")
    assert suggested(email, title, fields_taken=["EMAIL"]) == {"title": "Title"}
    assert suggested(email, title, properties_taken=["title"]) == {"email": "Email"}


def test_names_in_other_scripts_and_empty_ones_do_no_harm() -> None:
    fields = [
        NamedField(name="Stadt__c", label="都市 \u202e", type="string"),
        NamedField(name="X__c", label="", type="string"),
    ]
    found = likely_pairs(fields, [a_property("toshi", "都市"), a_property("none", "…")])
    assert [(each.field, each.property) for each in found] == [("Stadt__c", "toshi")]


def test_five_hundred_fields_beside_three_hundred_properties_take_no_time() -> None:
    fields = [
        NamedField(name=f"Field_{n}__c", label=f"Some field {n}", type="string") for n in range(500)
    ]
    properties = [a_property(f"field_{n}", f"Some field {n}") for n in range(300)]
    found = likely_pairs(fields, properties)
    assert [(each.field, each.property) for each in found] == [
        (f"Field_{n}__c", f"field_{n}") for n in range(300)
    ]
