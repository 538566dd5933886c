"""Every number from outside that the indicators must reproduce is a test, or is left out with its reason.

The list of numbers stands beside the checkout. That a test is right is that test's own business; here is
held that none was forgotten. An id counts in a test function's name or comment, or in a case of YAML.
"""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest
from recorded import SHARED, needs_shared

pytestmark = [needs_shared, pytest.mark.real]

TESTS = Path(__file__).resolve().parents[1]
GROUPS = "BCDEFGHL"
# Margin of a whole portfolio belongs to no table: what a venue asks of one position after the other does.
LEFT_OUT = {
    "E07": "OKX's portfolio margin rules are asked of an account, and no account's whole book is public",
    "E10": "the scan of option prices belongs to options, which are not collected",
    "H06": "clearing of payments needs what each venue owes each, which none publishes",
    "H08": "clearing with recovery rates needs the same",
}


@cache
def named() -> frozenset[str]:
    """Ids that tests name: in the name or a comment of a test, or in a case of a YAML file."""
    found: set[str] = set()
    for path in set(TESTS.rglob("*.py")) - {Path(__file__).resolve()}:
        text = path.read_text(encoding="utf-8")
        for function in ast.walk(ast.parse(text)):
            if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
                body = ast.get_source_segment(text, function) or ""
                found |= {one.upper() for one in re.findall(r"_([a-z]\d\d)(?=_)", function.name)}
                found |= set(re.findall(r"# ([A-Z]\d\d)\b", body))
    for path in TESTS.rglob("*.yml"):
        found |= set(re.findall(r"(?:id|case): ([A-Z]\d\d)\b", path.read_text(encoding="utf-8")))
    return frozenset(found)


def wanted() -> list[str]:
    """Ids of the groups that are about indicators; empty where the list is not here."""
    listed = SHARED / "methods" / "vectors.json"
    rows = json.loads(listed.read_text(encoding="utf-8")) if listed.is_file() else []
    return [row["id"] for row in rows if row["group"][0] in GROUPS or row["id"][0] in GROUPS]


@pytest.mark.parametrize("vector", wanted())
def test_a_number_from_outside_is_a_test_or_is_left_out_with_its_reason(vector: str) -> None:
    assert (vector in named()) != (vector in LEFT_OUT), vector


def test_the_list_is_the_one_that_is_meant() -> None:
    ids = wanted()
    assert len(ids) > 25
    assert set(LEFT_OUT) <= set(ids)
    assert {"B05", "B07", "C01", "D04", "E05", "G03", "L06"} <= set(ids)
    assert not named() & {"Z99", *LEFT_OUT}
