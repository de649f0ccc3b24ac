"""Records whose values clients have to hand on exactly as they are."""

from datetime import UTC, datetime, timedelta
from typing import Any

KEY = "External_Ref__c"
FIELDS = (
    *(KEY, "LastName", "FirstName", "Company", "Email", "Description"),
    *("AnnualRevenue", "Annual_Spend__c", "NumberOfEmployees", "Newsletter__c"),
    *("Last_Purchase__c", "Last_Seen__c"),
)
SOQL = f"SELECT {', '.join(FIELDS)} FROM Lead"  # noqa: S608 - fixed names
# Two pages of 2,000 and a short third one.
COUNT = 4_003

_ODD = (
    "Plain",
    "Ünal-Żółć",
    'Quote " inside',
    "Comma, semicolon; tab\there",
    "名前",
    "😀 emoji",
    "O'Brien \\ backslash",
    "NULL",
    "null",
    "#N/A?",
    "007",
    "1e5",
    "true",
)
_DESCRIPTIONS = (None, "one line", "two\nlines", 'a "quoted"\nsecond, line', "tail comma,")
_START = datetime(2026, 1, 1, tzinfo=UTC)


def leads(count: int = COUNT) -> list[dict[str, Any]]:
    """So many leads, as JSON that REST takes and gives."""
    return [_lead(number) for number in range(count)]


def by_key(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The compared fields of records, by their key; no key may come twice."""
    found = {record[KEY]: {name: record[name] for name in FIELDS} for record in records}
    assert len(found) == len(records)
    return found


def as_texts(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same records as Bulk API 2.0 writes them into CSV."""
    return [{name: _text(name, record[name]) for name in FIELDS} for record in records]


def comparable(records: list[dict[str, str]]) -> list[dict[str, str]]:
    """Records from CSV with numbers in one spelling: `3` and `3.0` are the same number."""
    return [
        {
            name: str(float(text)) if name in _NUMBERS and text else text
            for name, text in record.items()
        }
        for record in records
    ]


_NUMBERS = ("AnnualRevenue", "Annual_Spend__c", "NumberOfEmployees")


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if name in _NUMBERS:
        return str(float(value))
    return str(value).replace("+0000", "Z") if name == "Last_Seen__c" else str(value)


def _lead(number: int) -> dict[str, Any]:
    seen = _START + timedelta(seconds=37 * number)
    return {
        KEY: f"key-{number:05}",
        "LastName": _ODD[number % len(_ODD)],
        "FirstName": None if number % 3 else f"First {number}",
        "Company": f"Company {number // 7}",
        "Email": None if number % 5 == 0 else f"person{number}@example.com",
        "Description": _DESCRIPTIONS[number % len(_DESCRIPTIONS)],
        "AnnualRevenue": None if number % 4 == 0 else number * 1000,
        "Annual_Spend__c": None if number % 7 == 0 else number * 1.25,
        "NumberOfEmployees": None if number % 6 == 0 else number,
        "Newsletter__c": number % 2 == 0,
        "Last_Purchase__c": None if number % 8 == 0 else seen.date().isoformat(),
        "Last_Seen__c": None if number % 9 == 0 else seen.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
    }
