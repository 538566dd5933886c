"""How the tests share two cores. Fixtures belong in the folder whose tests use them."""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Their tests use what one fixture of the folder made at some cost; elsewhere a file is what stays together.
KEPT_TOGETHER = ("docs", "real", "report", "venues")
# What takes half a minute or more, longest first (`--durations=0` adds it up): begun last, one of them would
# keep one worker busy while the other has nothing left. The rest follows in its own order.
LONGEST_FIRST = (
    "venues",
    "real",
    "tests/e2e/test_unattended.py",
    "tests/soak/test_kills.py",
    "tests/e2e/test_faults.py",
    "tests/e2e/test_recovery.py",
    "tests/soak/test_days.py",
    "tests/soak/test_damage.py",
    "report",
    "tests/e2e/test_schedules.py",
    "docs",
    "tests/evaluation/test_families.py",
    "tests/e2e/test_dagster.py",
    "tests/e2e/test_secrets.py",
    "tests/e2e/test_query.py",
)


class ByCostlyFixture(LoadScopeScheduling):
    """Hands a worker all tests of a file, or of a folder kept together, so that a fixture is made once.

    The `xdist_group` mark would say the same, but pytest-xdist 3.8 writes it where pytest 9.2 never looks:
    the tests of a group end up on both workers.
    """

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def scope_of(nodeid: str) -> str:
    """The file of a test, or its folder where that is kept together."""
    file = nodeid.split("::", 1)[0]
    folder = file.split("/")[1]
    return folder if folder in KEPT_TOGETHER else file


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: pytest-xdist hands out scopes in the order they were collected in."""
    place = {scope: number for number, scope in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(scope_of(item.nodeid), len(place)))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByCostlyFixture:
    return ByCostlyFixture(config, log)
