"""Where a panel turns red: the number in the alert rule that watches the same thing."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import promql_parser
import yaml

RULES: Final = Path(__file__).parents[2] / "collector-config" / "rules"
_COMPARISONS: Final = {">": "above", ">=": "at or above", "<": "below", "<=": "at or below"}


class Limit(NamedTuple):
    """A rule's number, in the unit of its expression; `bad` says on which side of it trouble is."""

    alert: str
    value: float
    bad: str
    patience: str = ""

    @property
    def above(self) -> bool:
        """Whether large values are the bad ones."""
        return self.bad.endswith("above")

    def rest(self) -> Limit:
        """The same limit for the share that is left, as success is where the rule sees failure."""
        other = self.bad.replace("above", "?").replace("below", "above").replace("?", "below")
        return self._replace(value=round(1 - self.value, 9), bad=other)


@cache
def rules() -> dict[str, dict[str, Any]]:
    """Every alert rule by its name."""
    return {
        rule["alert"]: rule
        for file in sorted(RULES.glob("*.yml"))
        for group in yaml.safe_load(file.read_text()).get("groups", [])
        for rule in group["rules"]
        if "alert" in rule
    }


def watched_by(alert: str) -> str:
    """The end of a description: this rule watches the same, and has no number to draw."""
    if alert not in rules():
        raise ValueError(f"there is no rule {alert}")
    return f"\n\nThe alert {alert} watches this."


def limit(alert: str) -> Limit:
    """The limit of a rule: the first comparison with a number in its expression."""
    rule = rules()[alert]
    found = _comparison(promql_parser.parse(rule["expr"]))
    if found is None:
        raise ValueError(f"the rule {alert} compares nothing with a number")
    value, bad = found
    return Limit(alert, value, bad, str(rule.get("for", "")))


def _comparison(node: Any) -> tuple[float, str] | None:
    inner: list[Any] = []
    if isinstance(node, promql_parser.BinaryExpr):
        operator = str(node.op)
        if operator in _COMPARISONS and isinstance(node.rhs, promql_parser.NumberLiteral):
            return float(node.rhs.val), _COMPARISONS[operator]
        inner = [node.lhs, node.rhs]
    elif isinstance(node, promql_parser.ParenExpr | promql_parser.AggregateExpr):
        inner = [node.expr]
    elif isinstance(node, promql_parser.Call):
        inner = list(node.args)
    return next((found for part in inner if (found := _comparison(part))), None)
