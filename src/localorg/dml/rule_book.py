"""Which object has rules of its own."""

from collections.abc import Mapping

from localorg.dml.case_rules import CaseRules
from localorg.dml.object_rules import ObjectRules, PersonRules
from localorg.dml.options import SaveOptions
from localorg.dml.people_rules import AccountRules, ContactRules, LeadRules
from localorg.dml.reading import Target
from localorg.dml.sales_rules import OpportunityRules
from localorg.dml.writer import Writer

_RULES: Mapping[str, type[ObjectRules]] = {
    "Account": AccountRules,
    "Case": CaseRules,
    "Contact": ContactRules,
    "Individual": PersonRules,
    "Lead": LeadRules,
    "Opportunity": OpportunityRules,
}


def rules_of(writer: Writer, target: Target, options: SaveOptions) -> ObjectRules:
    """The rules for one chunk of changes of the target's object."""
    return _RULES.get(target.object_type.name, ObjectRules)(writer, target, options)
