from localorg.xml_answers import as_xml

BASE = "/services/data/v66.0"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def text(path: str, status: int, value: object) -> str:
    return as_xml(BASE + path, status, value).decode().replace(f" {XSI}", "")


def test_a_record_is_an_element_of_its_type() -> None:
    record = {
        "attributes": {"type": "Account", "url": "/services/data/v66.0/sobjects/Account/001"},
        "Name": "Smith & <Sons>",
        "IsDeleted": False,
        "Phone": None,
        "CreatedDate": "2026-01-31T12:00:00.000+0000",
    }
    assert text("/sobjects/Account/001", 200, record) == (
        f'{HEAD}<Account type="Account" url="/services/data/v66.0/sobjects/Account/001">'
        "<Name>Smith &amp; &lt;Sons&gt;</Name><IsDeleted>false</IsDeleted>"
        '<Phone xsi:nil="true"/><CreatedDate>2026-01-31T12:00:00.000Z</CreatedDate></Account>'
    )


def test_errors_stand_in_a_root_of_their_own() -> None:
    errors = [{"message": "No such column", "errorCode": "INVALID_FIELD", "fields": ["A", "B"]}]
    assert text("/sobjects/Lead", 400, errors) == (
        f"{HEAD}<Errors><Error><message>No such column</message>"
        "<errorCode>INVALID_FIELD</errorCode><fields>A</fields><fields>B</fields></Error></Errors>"
    )


def test_a_root_is_named_after_what_was_asked_for() -> None:
    assert "<QueryResult>" in text("/query", 200, {"totalSize": 0, "done": True, "records": []})
    assert "<Result>" in text("/sobjects/Lead", 201, {"id": "1", "success": True, "errors": []})
    assert "<Lead>" in text("/sobjects/Lead/updated", 200, {"ids": ["1", "2"]})
    assert "<ids>1</ids><ids>2</ids>" in text("/sobjects/Lead/updated", 200, {"ids": ["1", "2"]})
    versions = as_xml("/services/data", 200, [{"version": "66.0"}]).decode()
    assert "<Versions " in versions
    assert "<Version><version>66.0</version></Version>" in versions


def test_characters_that_xml_does_not_have_are_left_out() -> None:
    assert "<Name>ab</Name>" in text("/sobjects/Lead/1", 200, {"Name": "a\x00b"})
    assert '<entry name="1 x">' in text("/sobjects/Lead/1", 200, {"1 x": "a"})
