"""What is known of an org's objects, asked for and kept."""

from datetime import timedelta

import pytest
from django.utils import timezone

from isthmus.connections import known_objects
from isthmus.connections.errors import NoSignIn
from isthmus.connections.models import KnownObject
from isthmus.domain.objects import CONTACT, LEAD, PERSON
from isthmus.salesforce import SalesforceError
from named.world import World


def objects_asked(world: World) -> int:
    return world.asked("GET", "/describe")


def test_an_object_is_described_once_and_then_known(world: World) -> None:
    world.add("Lead", {"LastName": "Ada", "Company": "x" * 200, "Title": " Head \n of  it "})
    world.add("Lead", {"LastName": "Bob", "Company": "Acme", "Title": "Clerk"})
    first = known_objects.known(world.connection, LEAD)
    asked = objects_asked(world)
    again = known_objects.known(world.connection, LEAD)
    assert objects_asked(world) == asked
    assert first.description == again.description
    assert first.description.field("lastname").required_on_create
    assert (first.records, again.records) == (2, 2)
    assert set(again.samples["Title"]) == {"Head of it", "Clerk"}
    assert {len(each) for each in again.samples["Company"]} == {4, 80}
    assert again.samples["IsConverted"] == ("false",)
    assert "Id" not in again.samples
    assert "Ada" not in repr(again)


def test_no_more_than_three_different_values_are_kept(world: World) -> None:
    world.add_leads(9, Title="Clerk")
    found = known_objects.known(world.connection, LEAD)
    assert found.samples["Title"] == ("Clerk",)
    assert len(found.samples["Email"]) == 3


def test_a_day_later_it_is_asked_whether_anything_changed(world: World) -> None:
    known_objects.known(world.connection, LEAD)
    old = timezone.now() - timedelta(days=1, minutes=1)
    KnownObject.objects.update(described_at=old)
    before = objects_asked(world)
    found = known_objects.known(world.connection, LEAD)
    assert objects_asked(world) == before + 1
    assert found.described_at > old


def test_a_field_that_is_new_is_there_after_asking_again(world: World) -> None:
    known_objects.known(world.connection, LEAD)
    row = KnownObject.objects.get()
    fields = [each for each in row.description["fields"] if each["name"] != "Title"]
    row.description = {**row.description, "fields": fields}
    row.save()
    assert "title" not in known_objects.known(world.connection, LEAD).description.fields
    found = known_objects.known(world.connection, LEAD, refresh=True)
    assert "title" in found.description.fields


def test_what_was_known_is_given_where_nobody_answers_and_says_so(world: World) -> None:
    first = known_objects.known(world.connection, LEAD)
    world.fault("server_unavailable", path="describe", count=1)
    found = known_objects.known(world.connection, LEAD, refresh=True)
    assert found.described_at == first.described_at
    assert found.problem
    assert found.description == first.description


def test_where_nothing_was_known_the_reason_is_raised(world: World) -> None:
    world.fault("server_unavailable", path="describe", count=1)
    with pytest.raises(SalesforceError):
        known_objects.known(world.connection, LEAD)
    world.connection.authorization = None
    world.connection.save(update_fields=["authorization"])
    with pytest.raises(NoSignIn):
        known_objects.known(world.connection, LEAD)
    assert known_objects.cached(world.connection, LEAD) is None


def test_samples_and_counts_that_can_t_be_had_are_left_out(world: World) -> None:
    world.add_leads(1)
    world.fault("query_timeout", path="query", count=9)
    found = known_objects.known(world.connection, LEAD)
    assert (found.records, found.samples, found.problem) == (None, {}, "")


def test_what_another_user_saw_is_not_shown(world: World) -> None:
    known_objects.known(world.connection, LEAD)
    authorization = world.connection.authorization
    assert authorization is not None
    assert known_objects.cached(world.connection, LEAD)
    authorization.signed_in_at = timezone.now()
    authorization.save()
    assert known_objects.cached(world.connection, LEAD) is None


def test_persons_are_offered_only_where_the_org_has_them(world: World) -> None:
    lead, contact, person = known_objects.offered(world.connection)
    assert [each.object for each in (lead, contact, person)] == [LEAD, CONTACT, PERSON]
    assert lead.known
    assert contact.known
    assert person.known
    row = KnownObject.objects.get(sobject="Person")
    fields = [each for each in row.description["fields"] if each["name"] != "IsPersonAccount"]
    row.description = {**row.description, "fields": fields}
    row.save()
    asked = objects_asked(world)
    person = known_objects.offered(world.connection)[2]
    assert (person.known, person.reason) == (None, "This org has no person accounts.")
    assert objects_asked(world) == asked


def test_persons_are_counted_apart_from_other_accounts(world: World) -> None:
    soql = "SELECT Id FROM RecordType WHERE SobjectType = 'Account' AND IsPersonType = true"
    (kind, *_) = world.salesforce.query(soql)
    persons = [{"LastName": name, "RecordTypeId": kind["Id"]} for name in ("Ada", "Bob")]
    records = [*persons, {"Name": "Acme"}]
    world.users({"operation": "insert", "object": "Account", "records": records})
    world.add("Contact", {"LastName": "Cleo"})
    _, contact, person = known_objects.offered(world.connection)
    assert contact.known
    assert person.known
    assert (contact.known.records, person.known.records) == (1, 2)
    assert set(person.known.samples["LastName"]) == {"Ada", "Bob"}
