"""What more than one file of tests holds to `pipeline/methods`: the made book and its leverages."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from made_book import made_book, mixture_of

from pipeline.methods.cushion import Mixture


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A book of its own for each file: tests change it."""
    yield from made_book(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def mixture(made: duckdb.DuckDBPyConnection) -> Mixture:
    """The leverages at entry in that book."""
    found = mixture_of(made)
    assert found.share.sum() == pytest.approx(1, abs=1e-12)
    return found
