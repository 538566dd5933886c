"""A warehouse in which every model stands and nothing was fetched: for tests that put rows in themselves."""

from __future__ import annotations

import duckdb

from pipeline.build import FIRST_DAY, build_model, load_seeds
from pipeline.models import read_models


def build_empty(connection: duckdb.DuckDBPyConnection) -> None:
    """The seeds, and every table that neither signals nor the dictionary must come before."""
    load_seeds(connection)
    for model in read_models():
        if not any(read.startswith(("signals.", "internal.")) for read in model.reads):
            build_model(connection, model, FIRST_DAY)


def raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Tables in the place of raw's views over files: rows can be put into them."""
    views = "select view_name from duckdb_views() where schema_name = 'raw'"
    for (name,) in connection.execute(views).fetchall():
        connection.execute(f"create table internal.moved as select * from raw.{name}")
        connection.execute(f"drop view raw.{name}")
        connection.execute(f"create table raw.{name} as select * from internal.moved")
        connection.execute("drop table internal.moved")
