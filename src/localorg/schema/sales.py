"""The objects of sales: opportunities, the contacts in them, and the statuses on the way."""

from localorg.schema.builders import (
    READ_ONLY,
    boolean,
    computed,
    currency,
    date,
    deletion,
    double,
    integer,
    last_activity,
    lookup,
    owner,
    percent,
    picklist,
    record_id,
    stamps,
    string,
    textarea,
    viewed,
)
from localorg.schema.field import Field
from localorg.schema.object_type import ObjectType, by_name
from localorg.schema.people import LEAD_SOURCES
from localorg.schema.setup import status

# (name, probability, forecast category, closed, won)
STAGES = (
    ("Prospecting", 10, "Pipeline", 0, 0),
    ("Qualification", 10, "Pipeline", 0, 0),
    ("Needs Analysis", 20, "Pipeline", 0, 0),
    ("Value Proposition", 50, "Pipeline", 0, 0),
    ("Id. Decision Makers", 60, "Pipeline", 0, 0),
    ("Perception Analysis", 70, "Pipeline", 0, 0),
    ("Proposal/Price Quote", 75, "Pipeline", 0, 0),
    ("Negotiation/Review", 90, "Pipeline", 0, 0),
    ("Closed Won", 100, "Closed", 1, 1),
    ("Closed Lost", 0, "Omitted", 1, 0),
)
OPPORTUNITY_TYPES = ("Existing Business", "New Business")
FORECAST_CATEGORIES = ("Omitted", "Pipeline", "Best Case", "Forecast", "Closed")
CONTACT_ROLES = ("Business User", "Decision Maker", "Economic Buyer", "Evaluator", "Other")


def _of_stage(flag: str) -> str:
    """SQL for what the opportunity's stage says."""
    return (
        f'coalesce((SELECT stage."{flag}" FROM "OpportunityStage" stage '  # noqa: S608 - own names
        'WHERE stage."MasterLabel" = {}."StageName"), 0)'
    )


def _stage() -> list[Field]:
    return [
        picklist("StageName", "Stage", (stage[0] for stage in STAGES), nillable=False),
        percent("Probability", "Probability (%)", 3, 0, defaulted_on_create=True),
        computed(boolean("IsClosed", "Closed"), _of_stage("IsClosed")),
        computed(boolean("IsWon", "Won"), _of_stage("IsWon")),
        computed(
            picklist("ForecastCategoryName", "Forecast Category", FORECAST_CATEGORIES),
            _of_stage("ForecastCategoryName").replace(", 0)", ", NULL)"),
        ),
    ]


def _money() -> list[Field]:
    return [
        currency("Amount", "Amount", 18, 2),
        computed(
            currency("ExpectedRevenue", "Expected Amount", 18, 2),
            'round({}."Amount" * {}."Probability" / 100.0, 2)',
        ),
        double("TotalOpportunityQuantity", "Quantity", 18, 2),
    ]


def _fiscal() -> list[Field]:
    month = """cast(strftime('%m', {}."CloseDate") AS INTEGER)"""
    year = """cast(strftime('%Y', {}."CloseDate") AS INTEGER)"""
    quarter = f"(({month} + 2) / 3)"
    return [
        computed(string("Fiscal", "Fiscal Period", 6), f"{year} || ' ' || {quarter}"),
        computed(integer("FiscalYear", "Fiscal Year", 9), year),
        computed(integer("FiscalQuarter", "Fiscal Quarter", 9), quarter),
    ]


def opportunity() -> ObjectType:
    """A sale that may come about."""
    fields = [
        record_id("Opportunity ID"),
        *deletion(),
        lookup(
            "AccountId",
            "Account ID",
            "Account",
            "Account",
            indexed=True,
            children="Opportunities",
            cascade_delete=True,
        ),
        string("Name", "Name", 120, nillable=False, name_field=True),
        textarea("Description", "Description", 32000),
        *_stage(),
        *_money(),
        date("CloseDate", "Close Date", nillable=False),
        picklist("Type", "Opportunity Type", OPPORTUNITY_TYPES),
        string("NextStep", "Next Step", 255),
        picklist("LeadSource", "Lead Source", LEAD_SOURCES),
        owner(),
        *stamps(),
        last_activity(),
        *_fiscal(),
        lookup("ContactId", "Contact ID", "Contact", "Contact", updateable=False),
        *viewed(),
    ]
    return ObjectType(
        name="Opportunity",
        label="Opportunity",
        label_plural="Opportunities",
        key_prefix="006",
        fields=by_name(fields),
    )


def opportunity_contact_role() -> ObjectType:
    """A contact's part in an opportunity."""
    fields = [
        record_id("Contact Role ID"),
        lookup(
            "OpportunityId",
            "Opportunity ID",
            "Opportunity",
            "Opportunity",
            indexed=True,
            nillable=False,
            updateable=False,
            children="OpportunityContactRoles",
            cascade_delete=True,
        ),
        lookup(
            "ContactId",
            "Contact ID",
            "Contact",
            "Contact",
            indexed=True,
            nillable=False,
            children="OpportunityContactRoles",
            cascade_delete=True,
        ),
        picklist("Role", "Role", CONTACT_ROLES),
        boolean("IsPrimary", "Primary"),
        *stamps(),
        *deletion(),
    ]
    return ObjectType(
        name="OpportunityContactRole",
        label="Opportunity Contact Role",
        label_plural="Opportunity Contact Role",
        key_prefix="00K",
        searchable=False,
        layoutable=False,
        fields=by_name(fields),
    )


def opportunity_stage() -> ObjectType:
    """The stages that an opportunity can have."""
    return status(
        "OpportunityStage",
        "Opportunity Stage",
        boolean("IsActive", "Is Active", **READ_ONLY),
        boolean("IsClosed", "Closed", **READ_ONLY),
        boolean("IsWon", "Won", **READ_ONLY),
        picklist(
            "ForecastCategoryName", "Forecast Category Name", FORECAST_CATEGORIES, **READ_ONLY
        ),
        percent("DefaultProbability", "Probability (%)", 3, 0, **READ_ONLY),
    )


def lead_status() -> ObjectType:
    """The statuses that a lead can have."""
    return status(
        "LeadStatus",
        "Lead Status Value",
        boolean("IsDefault", "Is Default", **READ_ONLY),
        boolean("IsConverted", "Is Converted", **READ_ONLY),
    )
