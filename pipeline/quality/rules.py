"""What a quality rule and a suite of them are, and short words to write them with. No dataset is named here.

The suites are data, one entry a table: `raw_suites.py` and `staging_suites.py`. Running them is `gate.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# What a check says that passed because no row held what it compares: not broken, and not kept either.
NOT_COMPARED = "nothing to compare"


@dataclass(frozen=True)
class Rule:
    """One expectation: its class in Great Expectations and what it is told. One that blocks stops a build.

    unit: it is held only against rows in this unit, and not at all where there are none.
    """

    name: str
    expectation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    is_blocking: bool = False
    unit: str | None = None

    @property
    def columns(self) -> frozenset[str]:
        """Columns of the frame that it reads."""
        named = (self.arguments.get(name) for name in ("column", "column_A", "column_B"))
        listed = self.arguments.get("column_list", ())
        return frozenset(name for name in (*named, *listed, self.unit and "unit") if name)


@dataclass(frozen=True)
class Delivery:
    """What is expected of each venue's newest day: how much came, and how long ago the last of it.

    counted: the column whose distinct values are counted. least_ratio: the least share of the day before.
    most_silent_days: days without anything before it is news. The rules made of this only warn.
    """

    counted: str
    least_ratio: float = 0.5
    most_silent_days: int = 0


@dataclass(frozen=True)
class Suite:
    """The rules of one table.

    schema: column -> DuckDB type, all of them in order. key: what no two rows share and none lacks;
    optional_key: columns of it that may be NULL. computed: names that rules use and the table lacks -> their
    expression. source: what stands behind `from`, where one table does not tell.
    """

    table: str
    schema: Mapping[str, str]
    key: tuple[str, ...]
    rules: tuple[Rule, ...]
    delivery: Delivery | None = None
    is_key_blocking: bool = False
    optional_key: tuple[str, ...] = ()
    computed: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None

    @property
    def name(self) -> str:
        """The table's own name."""
        return self.table.split(".", 1)[1]

    @property
    def row_rules(self) -> tuple[Rule, ...]:
        """Those held against each row: what the key demands, then the suite's own."""
        return (
            within("key_lacks", "", name="key_is_whole", is_blocking=self.is_key_blocking),
            Rule(
                "key_is_unique",
                "ExpectCompoundColumnsToBeUnique",
                {"column_list": list(self.key)},
                self.is_key_blocking,
            ),
            *self.rules,
        )

    @property
    def expressions(self) -> dict[str, str]:
        """Computed name -> expression; `key_lacks` names the parts of the key that a row lacks."""
        required = [name for name in self.key if name not in self.optional_key]
        lacking = ", ".join(f"case when \"{name}\" is null then '{name}' end" for name in required)
        return {**self.computed, "key_lacks": f"concat_ws(' ', {lacking})"}

    @property
    def delivery_rules(self) -> tuple[Rule, ...]:
        """Those held against what each venue delivered."""
        if self.delivery is None:
            return ()
        return (
            between("silent_days", 0, self.delivery.most_silent_days, name="still_arrives"),
            between("of_day_before_ratio", self.delivery.least_ratio, None, name="as_many_as_the_day_before"),
        )

    @property
    def all_rules(self) -> tuple[Rule, ...]:
        """Every rule in the order of its verdicts."""
        return (SCHEMA_RULE, *self.row_rules, *self.delivery_rules)


# A column that changed its type silently changes what every number made of it means.
SCHEMA_RULE = Rule(
    "columns_have_their_types",
    "ExpectColumnPairValuesToBeEqual",
    {"column_A": "type", "column_B": "declared_type", "ignore_row_if": "neither"},
    is_blocking=True,
)


def columns(text: str) -> dict[str, str]:
    """`day date, venue varchar` as a mapping."""
    return dict(part.split() for part in text.split(","))


def not_null(column: str, is_blocking: bool = False) -> Rule:
    """No row lacks the column."""
    return Rule(f"{column}_is_there", "ExpectColumnValuesToNotBeNull", {"column": column}, is_blocking)


def between(
    column: str,
    low: float | None,
    high: float | None,
    *,
    unit: str | None = None,
    name: str | None = None,
    is_blocking: bool = False,
) -> Rule:
    """low <= column <= high, NULL aside; with a unit only of the rows that are in it."""
    return Rule(
        name or f"{column}_in_range" + (f"_{unit}" if unit else ""),
        "ExpectColumnValuesToBeBetween",
        {"column": column, "min_value": low, "max_value": high},
        is_blocking,
        unit,
    )


def within(column: str, *values: str, name: str | None = None, is_blocking: bool = False) -> Rule:
    """The column holds one of the values, NULL aside."""
    return Rule(
        name or f"{column}_is_known",
        "ExpectColumnValuesToBeInSet",
        {"column": column, "value_set": list(values)},
        is_blocking,
    )


def ordered(low: str, high: str, *, is_blocking: bool = False) -> Rule:
    """low <= high in every row that has both."""
    return Rule(
        f"{low}_to_{high}",
        "ExpectColumnPairValuesAToBeGreaterThanB",
        {"column_A": high, "column_B": low, "or_equal": True, "ignore_row_if": "either_value_is_missing"},
        is_blocking,
    )
