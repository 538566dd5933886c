"""How the tests share two cores. Fixtures belong in the folder whose tests use them."""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Their tests use what one fixture of the folder made at some cost; elsewhere a file is what stays together.
KEPT_TOGETHER = ("real", "report", "venues")


class ByCostlyFixture(LoadScopeScheduling):
    """Hands a worker all tests of a file, or of a folder kept together, so that a fixture is made once.

    The `xdist_group` mark would say the same, but pytest-xdist 3.8 writes it where pytest 9.2 never looks:
    the tests of a group end up on both workers.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        folder = file.split("/")[1]
        return folder if folder in KEPT_TOGETHER else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByCostlyFixture:
    return ByCostlyFixture(config, log)
