"""What an org knows of a person or a company besides who they are, as columns."""

from random import Random
from typing import Any

from localorg.schema.people import INDUSTRIES, LEAD_SOURCES, RATINGS
from localorg.seed import pools
from localorg.seed.chance import filled, weighted
from localorg.seed.people import Columns
from localorg.seed.phrases import phrases

_SELDOM = weighted({0: 19, 1: 1})
_SOMETIMES = weighted({0: 4, 1: 1})
_INDUSTRIES = filled(INDUSTRIES, 0.6)
_RATINGS = filled(RATINGS, 0.4)
_SOURCES = filled(LEAD_SOURCES, 0.7)
_BOUNCED_SHARE = 0.01
_REFERENCE_NUMBERS = range(100_000_000)


def business_facts(rng: Random, count: int) -> Columns:
    """What a lead and an account say of a company."""
    return {
        "Industry": rng.choices(_INDUSTRIES, k=count),
        "Rating": rng.choices(_RATINGS, k=count),
        "AnnualRevenue": rng.choices(pools.revenues(), k=count),
        "NumberOfEmployees": rng.choices(pools.head_counts(), k=count),
    }


def person_facts(rng: Random, count: int, latest: int) -> Columns:
    """What a lead and a contact say of a person: source, wishes, and the org's own fields.

    Isthmus_Id__c and Segments__c stay empty: they are for a connected program to write.
    """
    return {
        "LeadSource": rng.choices(_SOURCES, k=count),
        "HasOptedOutOfEmail": rng.choices(_SELDOM, k=count),
        "HasOptedOutOfFax": rng.choices(_SELDOM, k=count),
        "DoNotCall": rng.choices(_SELDOM, k=count),
        "Interests__c": rng.choices(pools.interests(), k=count),
        "Loyalty_Points__c": rng.choices(pools.points(), k=count),
        "Annual_Spend__c": rng.choices(pools.amounts(), k=count),
        "Last_Purchase__c": rng.choices(pools.days_before(latest), k=count),
        "Last_Seen__c": rng.choices(pools.moments_before(latest), k=count),
        "Tier__c": rng.choices(pools.tiers(), k=count),
        "Newsletter__c": rng.choices(_SOMETIMES, k=count),
        "External_Ref__c": external_references(rng, count),
    }


def external_references(rng: Random, count: int) -> list[str | None]:
    """Keys of an older system, for one in four; hardly any twice."""
    numbers = rng.choices(_REFERENCE_NUMBERS, k=count)
    return [None if number % 4 else f"CRM-{number:08}" for number in numbers]


def bounces(rng: Random, emails: list[Any], latest: int) -> Columns:
    """Why and when mail came back, for a few of those who have an address."""
    count = len(emails)
    drawn = rng.choices(filled(phrases("bounces"), _BOUNCED_SHARE), k=count)
    reasons = [reason if email else None for reason, email in zip(drawn, emails, strict=True)]
    known = [moment for moment in pools.moments_before(latest) if moment]
    return {
        "EmailBouncedReason": reasons,
        "EmailBouncedDate": [reason and rng.choice(known) for reason in reasons],
    }
