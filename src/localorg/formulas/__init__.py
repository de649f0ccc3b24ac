"""Salesforce's formula language, turned into SQL."""

from localorg.formulas.attaching import attach
from localorg.formulas.defaults import defaults
from localorg.formulas.errors import FormulaError
from localorg.formulas.validation import ValidationRow, failures, needed

__all__ = ["FormulaError", "ValidationRow", "attach", "defaults", "failures", "needed"]
