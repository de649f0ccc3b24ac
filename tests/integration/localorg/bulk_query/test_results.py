import csv
import io
from zoneinfo import ZoneInfo

import pytest

from integration.localorg.bulk_query.jobs import (
    JOBS,
    PAGE_RECORDS,
    SELECT_USERS,
    BulkClient,
    rows_of,
)
from localorg.clock import stored_datetime
from localorg.store import INTEGRATION_USER_ID
from unit.localorg.soql.sample_org import SampleOrg, build, load

MANY = 1_234


@pytest.fixture(scope="module")
def many(sample: SampleOrg) -> list[str]:
    """The ids of so many Users that a query for them has several pages."""
    ids = [f"005zz0{number:09d}AAA" for number in range(MANY)]
    rows = [(user_id, f"user{user_id}", "Many") for user_id in ids]
    sample.store.load("User", ("Id", "Username", "LastName"), rows)
    return ids


def test_every_value_is_quoted_and_has_the_form_of_bulk_results(client: BulkClient) -> None:
    text = client.text(
        "SELECT lastname, Account.Name, SystemModstamp, Birthdate, HasOptedOutOfEmail, Title, "
        "Account.NumberOfEmployees, Account.IsPersonAccount FROM Contact ORDER BY FirstName"
    )
    assert text == (
        '"LastName","Account.Name","SystemModstamp","Birthdate","HasOptedOutOfEmail","Title",'
        '"Account.NumberOfEmployees","Account.IsPersonAccount"\n'
        '"Customer","Acme Corporation","2026-01-01T00:00:00.000Z","1980-03-18","true","","5000",'
        '"false"\n'
        '"Customer","Grandchild","2026-01-01T00:00:00.000Z","2001-12-31","false","","","false"\n'
        '"Private","","2026-01-01T00:00:00.000Z","1999-01-01","false","","",""\n'
        '"Person","Paula Person","2026-01-01T00:00:00.000Z","1990-03-20","false","","","true"\n'
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0.0"),
        (19.99, "19.99"),
        (-5.5, "-5.5"),
        (9999999.99, "9999999.99"),
        (10000000, "1.0E7"),
        (16147805824397, "1.6147805824397E13"),
        (-99213206, "-9.9213206E7"),
        (12345678.9, "1.23456789E7"),
        (0.001, "0.001"),
        (0.00025, "2.5E-4"),
    ],
)
def test_doubles_are_written_as_java_does(
    client: BulkClient, sample: SampleOrg, number: float, text: str
) -> None:
    with sample.store.write() as connection:
        connection.execute("UPDATE Lead SET Annual_Spend__c = ? WHERE LastName = 'Dove'", (number,))
    result = client.text("SELECT Annual_Spend__c FROM Lead WHERE LastName = 'Dove'")
    assert result == f'"Annual_Spend__c"\n"{text}"\n'


def test_a_double_without_decimals_has_a_fraction_all_the_same(client: BulkClient) -> None:
    result = client.text("SELECT Loyalty_Points__c FROM Lead ORDER BY Loyalty_Points__c")
    assert result.splitlines()[1:] == ['""', '""', '"0.0"', '"5.0"', '"100.0"']


def test_a_text_goes_on_behind_a_nul_character(client: BulkClient, sample: SampleOrg) -> None:
    odd = {"Description": 'a\0b "c"\0', "Title": "\0", "City": "d"}
    statement = (
        "UPDATE Lead SET Description = :Description, Title = :Title, City = :City "
        "WHERE LastName = 'Dove'"
    )
    with sample.store.write() as connection:
        connection.execute(statement, odd)
    text = client.text("SELECT Title, Description, Id, City FROM Lead WHERE LastName = 'Dove'")
    header, row = csv.reader(io.StringIO(text, newline=""))
    found = dict(zip(header, row, strict=True))
    assert {name: found[name] for name in odd} == odd


def test_quotes_delimiters_and_line_ends_inside_values_survive(
    client: BulkClient, sample: SampleOrg
) -> None:
    odd = 'a "b", `c` ^|;\t\r\nd\n"'
    with sample.store.write() as connection:
        connection.execute("UPDATE Lead SET Description = ? WHERE LastName = 'Dove'", (odd,))
    text = client.text("SELECT Description, Id FROM Lead WHERE LastName = 'Dove'")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[1][0] == odd


@pytest.mark.parametrize(
    ("name", "delimiter"),
    [
        ("BACKQUOTE", "`"),
        ("CARET", "^"),
        ("COMMA", ","),
        ("PIPE", "|"),
        ("SEMICOLON", ";"),
        ("TAB", "\t"),
    ],
)
def test_columns_and_lines_are_divided_as_asked_for(
    client: BulkClient, name: str, delimiter: str
) -> None:
    text = client.text(
        "SELECT LastName, DoNotCall FROM Lead WHERE LastName = 'Dove'",
        columnDelimiter=name,
        lineEnding="CRLF",
    )
    assert text == f'"LastName"{delimiter}"DoNotCall"\r\n"Dove"{delimiter}"false"\r\n'


def test_a_row_may_have_more_columns_than_one_function_takes(client: BulkClient) -> None:
    fields = [field.name for field in client.org.schema.object("Account").columns]
    parents = [f"Parent.{name}" for name in fields]
    words = ["SELECT", ", ".join(fields + parents), "FROM Account WHERE Name = 'Daughter'"]
    header, row = rows_of(client.results(client.run(" ".join(words))))
    found = dict(zip(header, row, strict=True))
    assert len(found) == 2 * len(fields)
    assert (found["Name"], found["Parent.Name"]) == ("Daughter", "Acme Corporation")
    assert found["Parent.BillingCity"] == "London"


def test_an_empty_result_is_a_header_alone(client: BulkClient) -> None:
    answer = client.results(client.run("SELECT Id FROM Lead WHERE LastName = 'nobody'"))
    assert (answer.status, answer.body) == (200, b'"Id"\n')
    assert answer.headers["content-type"] == "text/csv"
    assert answer.headers["content-length"] == "5"
    assert answer.headers["sforce-numberofrecords"] == "0"
    assert answer.headers["sforce-locator"] == "null"


def test_pages_follow_their_locators_to_the_word_null(client: BulkClient, many: list[str]) -> None:
    pages = client.all_pages(client.run(SELECT_USERS))
    assert [len(page) for page in pages] == [PAGE_RECORDS] * 12 + [34]
    assert sorted(row[0] for page in pages for row in page) == many


@pytest.mark.parametrize("size", [1, 7, 30, 31, 100, 999, 1233, 1234, 10**15])
def test_pages_may_have_any_size(client: BulkClient, many: list[str], size: int) -> None:
    job_id = client.run(f"{SELECT_USERS} AND Id > '{many[-200]}'" if size == 1 else SELECT_USERS)
    pages = client.all_pages(job_id, size)
    expected = many[-199:] if size == 1 else many
    assert sorted(row[0] for page in pages for row in page) == expected
    assert {len(page) for page in pages[:-1]} <= {size}


def test_a_locator_may_be_used_again_and_with_another_size(
    client: BulkClient, many: list[str]
) -> None:
    job_id = client.run(SELECT_USERS)
    locator = client.results(job_id, "?maxRecords=45").headers["sforce-locator"]
    once = client.results(job_id, f"?locator={locator}&maxRecords=60")
    again = client.results(job_id, f"?locator={locator}&maxRecords=60")
    longer = client.results(job_id, f"?locator={locator}&maxRecords=200")
    assert once.body == again.body
    assert longer.body.startswith(once.body)
    everything = client.all_pages(job_id, 10_000)[0]
    assert rows_of(once)[1:] == everything[45:105]


def test_rows_come_in_an_arbitrary_order_unless_one_is_asked_for(
    client: BulkClient, many: list[str]
) -> None:
    [shuffled] = client.all_pages(client.run(SELECT_USERS), 10_000)
    [ordered] = client.all_pages(client.run(f"{SELECT_USERS} ORDER BY Id DESC"), 10_000)
    assert [row[0] for row in ordered] == many[::-1]
    assert [row[0] for row in shuffled] not in (many, many[::-1])


@pytest.mark.parametrize("locator", ["null", "abc", "LTE", "MTAwMDA", "MTIzNA", "MA=="])
def test_a_locator_that_was_never_given_out_is_refused(
    client: BulkClient, many: list[str], locator: str
) -> None:
    answer = client.results(client.run(SELECT_USERS), f"?locator={locator}")
    assert answer.error == (400, "INVALID_QUERY_LOCATOR", "invalid query locator")


@pytest.mark.parametrize("size", ["0", "-1", "many", "1.5", ""])
def test_a_page_size_that_is_none_is_refused(client: BulkClient, size: str) -> None:
    answer = client.results(client.run("SELECT Id FROM Lead"), f"?maxRecords={size}")
    assert answer.error[:2] == (400, "API_ERROR")
    assert "maxRecords" in answer.error[2]


def test_result_pages_name_five_pages_at_a_time(client: BulkClient, many: list[str]) -> None:
    path: str | None = f"{JOBS}/{client.run(SELECT_USERS)}/resultPages"
    urls: list[str] = []
    sizes: list[int] = []
    while path:
        answer = client.get(path).json
        sizes.append(len(answer["resultPages"]))
        urls += [page["resultUrl"] for page in answer["resultPages"]]
        assert answer["done"] is ("nextRecordsUrl" not in answer)
        path = answer.get("nextRecordsUrl")
    assert sizes == [5, 5, 3]
    found = [row[0] for url in reversed(urls) for row in rows_of(client.get(url))[1:]]
    assert sorted(found) == many


def test_result_pages_keep_the_size_that_was_asked_for(client: BulkClient, many: list[str]) -> None:
    path: str | None = f"{JOBS}/{client.run(SELECT_USERS)}/resultPages?maxRecords=45"
    pages: list[list[list[str]]] = []
    while path:
        answer = client.get(path).json
        pages += [rows_of(client.get(page["resultUrl"]))[1:] for page in answer["resultPages"]]
        path = answer.get("nextRecordsUrl")
    assert {len(page) for page in pages[:-1]} == {45}
    assert sorted(row[0] for page in pages for row in page) == many


def test_result_pages_of_an_empty_result_name_one_page(client: BulkClient) -> None:
    job_id = client.run("SELECT Id FROM Lead WHERE LastName = 'nobody'")
    answer = client.get(f"{JOBS}/{job_id}/resultPages").json
    assert answer["done"] is True
    [page] = answer["resultPages"]
    assert client.get(page["resultUrl"]).body == b'"Id"\n'


def test_files_are_gone_when_the_org_is_closed() -> None:
    sample = build(load("data.yaml"))
    client = BulkClient(sample.store, sample.now)
    client.run("SELECT Id FROM Lead")
    folder = sample.store.folder
    assert list(folder.rglob("750*.csv"))
    client.org.close()
    assert not folder.exists()


def test_functions_of_fields_are_columns(client: BulkClient) -> None:
    result = client.text("SELECT LastName, toLabel(Status) state FROM Lead WHERE LastName = 'Dove'")
    header, row = result.splitlines()
    assert header == '"LastName","state"'
    assert row.startswith('"Dove","')


def test_days_begin_when_the_users_do(client: BulkClient, sample: SampleOrg) -> None:
    zone = "UPDATE User SET TimeZoneSidKey = ? WHERE Id = ?"
    moment = "UPDATE Lead SET Last_Seen__c = ? WHERE LastName = 'Dove'"
    query = "SELECT Id FROM Lead WHERE LastName = 'Dove' AND Last_Seen__c = TODAY"
    now = client.org.clock.now()
    found = []
    for name in ("Pacific/Kiritimati", "Etc/GMT+12"):
        day = now.astimezone(ZoneInfo(name)).replace(hour=0, minute=30)
        with sample.store.write() as connection:
            connection.execute(zone, (name, INTEGRATION_USER_ID))
            connection.execute(moment, (stored_datetime(day),))
        found.append(client.job(client.run(query))["numberRecordsProcessed"])
        with sample.store.write() as connection:
            connection.execute(zone, ("GMT", INTEGRATION_USER_ID))
            connection.execute(moment, (None,))
    assert found == [1, 1]
