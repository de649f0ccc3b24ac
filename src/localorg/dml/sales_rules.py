"""What Salesforce does with opportunities and not with other records."""

from localorg.dml.object_rules import ObjectRules
from localorg.dml.sql import Row, select_by


class OpportunityRules(ObjectRules):
    """The probability of an opportunity is its stage's unless somebody says another."""

    def before_insert(self, rows: list[Row]) -> None:
        """Give the probabilities of the stages."""
        super().before_insert(rows)
        without = [row for row in rows if row.get("Probability") is None]
        stages = sorted({str(row.get("StageName")) for row in without})
        columns = ("MasterLabel", "DefaultProbability")
        found = select_by(
            self.writer.connection, "OpportunityStage", columns, "MasterLabel", stages
        )
        known = {row["MasterLabel"]: row["DefaultProbability"] for row in found}
        for row in without:
            row["Probability"] = known.get(row.get("StageName"))
