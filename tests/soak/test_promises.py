"""Every promise of RELIABILITY.md names a test that there is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from promises import PROMISES

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("test", PROMISES.values())
def test_the_test_of_a_promise_exists(test: str) -> None:
    path, name = test.split("::")
    functions = {node.name for node in ast.parse((ROOT / path).read_text()).body if hasattr(node, "name")}
    assert name in functions


def test_the_page_holds_every_promise() -> None:
    page = (ROOT / "RELIABILITY.md").read_text()
    assert [promise for promise in PROMISES if promise not in page] == []
