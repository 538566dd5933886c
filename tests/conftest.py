"""How the tests share two cores. Fixtures belong in the folder whose tests use them."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# Their tests use what one fixture of the folder made at some cost; elsewhere a file is what stays together.
KEPT_TOGETHER = ("real", "report", "venues")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name the group of each test: a group runs in one process (`--dist loadgroup`)."""
    for item in items:
        place = item.path.relative_to(TESTS)
        group = place.parts[0] if place.parts[0] in KEPT_TOGETHER else place.as_posix()
        item.add_marker(pytest.mark.xdist_group(group))
