import pytest

from localorg.errors import SalesforceError
from localorg.xml_bodies import read_xml


def test_elements_become_members() -> None:
    body = (
        b'<?xml version="1.0"?><Contact xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        b"<LastName>B &amp; C</LastName><Email xsi:nil='true'/><Title></Title>"
        b"<Account><Ext__c>A1</Ext__c></Account></Contact>"
    )
    assert read_xml(body) == {
        "LastName": "B & C",
        "Email": None,
        "Title": "",
        "Account": {"Ext__c": "A1"},
    }


def test_what_is_there_several_times_is_a_list() -> None:
    body = b'<r><records type="Lead"><A>1</A></records><records type="Lead"><A>2</A></records></r>'
    lead = {"attributes": {"type": "Lead"}}
    assert read_xml(body) == {"records": [lead | {"A": "1"}, lead | {"A": "2"}]}


@pytest.mark.parametrize(
    "body",
    [b"", b"<a>", b"no xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"<a/><b/>"],
)
def test_what_is_no_document_is_refused(body: bytes) -> None:
    with pytest.raises(SalesforceError) as refused:
        read_xml(body)
    assert (refused.value.status, refused.value.code) == (400, "XML_PARSER_ERROR")
