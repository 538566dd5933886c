"""What the tests of the documents share: the wheel, installed, with the home of its demo. Made once."""

from __future__ import annotations

import pytest
from installed import Installed, install


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The package as a user has it. No test changes its folder."""
    return install(tmp_path_factory.mktemp("installed"))
