"""Reads `dbt_like_models/`: each file's header, its SELECT, what it reads, and the order of building.

The header is the only place where a model's facts are written: title, grain, columns with unit and meaning,
checks, materialization. Building is `pipeline/build.py`; nothing here opens a database.
"""

from __future__ import annotations

import graphlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import sqlglot
import yaml
from sqlglot import exp, tokenize
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope
from sqlglot.schema import ensure_schema
from sqlglot.tokens import TokenType

from pipeline.errors import ContractBroken
from pipeline.files import MODELS
from pipeline.kept import kept

LAYERS = ("staging", "intermediate", "marts")
# Which schemas a layer's SELECT may read: data flow one way.
MAY_READ = {
    "staging": {"raw", "seeds", "staging"},
    "intermediate": {"raw", "seeds", "staging", "intermediate"},
    "marts": {"raw", "seeds", "staging", "intermediate", "marts", "signals", "internal"},
}
SCHEMAS = frozenset().union(*MAY_READ.values())
Lineage = dict[str, list[tuple[str, str]]]
_HEADER = re.compile(r"\A\s*/\*(.*?)\*/(.*)\Z", re.DOTALL)


@dataclass(frozen=True)
class Checks:
    """What a table must hold. rows: the least it may have; rows_if: only if that table has any."""

    rows: int = 1
    rows_if: str | None = None
    not_null: tuple[str, ...] = ()
    range: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """One SELECT that becomes the table `schema.name`."""

    name: str
    schema: str
    title: str
    grain: tuple[str, ...]
    columns: dict[str, str]
    checks: Checks
    materialized: Literal["incremental", "full"]
    select: str
    text: str

    @property
    def table(self) -> str:
        """Qualified name."""
        return f"{self.schema}.{self.name}"

    @cached_property
    def tree(self) -> exp.Expression:
        """The parsed SELECT."""
        return sqlglot.parse_one(self.select, read="duckdb")

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """Qualified names of the tables the SELECT reads, sorted.

        From its words alone: to parse every model takes a quarter of a second of each command. A test holds
        the two to be the same.
        """
        words = tokenize(self.select, read="duckdb")
        return tuple(
            sorted(
                {
                    f"{schema.text}.{table.text}"
                    for schema, dot, table in zip(words, words[1:], words[2:], strict=False)
                    if dot.token_type is TokenType.DOT and schema.text in SCHEMAS
                }
            )
        )

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the file changes."""
        return sha256(self.text.encode()).hexdigest()


def read_model(path: Path) -> Model:
    """Parse one file; raises ContractBroken with the file's name when its header is not whole."""
    text = path.read_text()
    match = _HEADER.match(text)
    if match is None:
        message = f"{path.name} has no header: begin the file with /* title: ... */"
        raise ContractBroken(message)
    try:
        header: dict[str, Any] = yaml.safe_load(match.group(1))
    except yaml.YAMLError as problem:
        message = f"{path.name} has a header that is not YAML ({' '.join(str(problem).split())})"
        raise ContractBroken(message) from problem
    missing = {"title", "grain", "columns", "checks"} - set(header)
    if missing:
        message = f"{path.name} lacks {', '.join(sorted(missing))} in its header"
        raise ContractBroken(message)
    checks = dict(header["checks"])
    return Model(
        name=path.stem,
        schema=path.parent.name,
        title=header["title"],
        grain=tuple(header["grain"]),
        columns={name: str(meaning) for name, meaning in header["columns"].items()},
        checks=Checks(
            rows=int(checks.get("rows", 1)),
            rows_if=checks.get("rows_if"),
            not_null=tuple(checks.get("not_null", ())),
            range={name: tuple(bounds) for name, bounds in checks.get("range", {}).items()},
            values={name: tuple(allowed) for name, allowed in checks.get("values", {}).items()},
        ),
        materialized=header.get("materialized", "incremental"),
        select=match.group(2).strip().rstrip(";"),
        text=text,
    )


@cache
def read_models(folder: Path = MODELS) -> tuple[Model, ...]:
    """Every model in building order (a model after all it reads). Raises ContractBroken for a cycle."""
    models = {
        model.table: model
        for layer in LAYERS
        for model in (read_model(path) for path in sorted((folder / layer).glob("*.sql")))
    }
    # lists in order, not sets: the building order is the same in every process
    graph = {
        name: [read for read in (*model.reads, model.checks.rows_if) if read in models]
        for name, model in models.items()
    }
    for name, model in models.items():
        if "internal.dictionary" in model.reads:  # it describes all the others
            graph[name] = [other for other in models if other != name]
    try:
        order = list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as problem:
        message = f"models read each other in a circle: {' -> '.join(problem.args[1])}"
        raise ContractBroken(message) from problem
    return tuple(models[name] for name in order)


def described_columns(model: Model, models: dict[str, Model]) -> dict[str, str]:
    """Column -> meaning, own words first, else those of a model it reads (a name has one meaning)."""
    described = dict(model.columns)
    for read in model.reads:
        if read in models:
            for name, meaning in described_columns(models[read], models).items():
                described.setdefault(name, meaning)
    return described


def column_lineage(model: Model, schemas: Mapping[str, Mapping[str, str]]) -> Lineage:
    """For each column of a model the (table, column) pairs it is computed from.

    schemas: `table -> {column: type}` of what it reads. A column whose origin cannot be traced is left out.
    """
    return _kept_trace(
        model.select,
        tuple(model.columns),
        tuple((table, tuple(columns.items())) for table, columns in sorted(schemas.items())),
    )


_Schemas = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


@cache
def _kept_trace(select: str, wanted: tuple[str, ...], schemas: _Schemas) -> Lineage:
    """Traced once: the columns of all marts take two seconds."""
    made_of = (sqlglot.__version__, Path(__file__).read_text(), select, repr(wanted), repr(schemas))
    text = kept("lineage", made_of, lambda: json.dumps(_traced(select, wanted, schemas)))
    return {
        column: [(table, origin) for table, origin in origins] for column, origins in json.loads(text).items()
    }


def _traced(select: str, wanted: tuple[str, ...], schemas: _Schemas) -> Lineage:
    """Names are resolved once a model, not once a column."""
    nested: dict[str, dict[str, dict[str, str]]] = {}
    for table, columns in schemas:
        database, _, name = table.partition(".")
        nested.setdefault(database, {})[name] = dict(columns)
    schema = ensure_schema(nested, dialect="duckdb")
    traced: Lineage = {}
    try:
        tree = qualify(
            sqlglot.parse_one(select, read="duckdb"),
            dialect="duckdb",
            schema=schema,
            validate_qualify_columns=False,
            identify=False,
        )
        scope = build_scope(tree)
    except Exception:  # noqa: BLE001 lineage is decoration
        return traced
    for column in wanted:
        try:
            node = lineage(
                column, tree, schema, dialect="duckdb", scope=scope, trim_selects=False, copy=False
            )
        except Exception:  # noqa: BLE001, S112 an untraceable column is left out
            continue
        origins = {
            (f"{leaf.source.db}.{leaf.source.name}", leaf.name.rsplit(".", 1)[-1].strip('"'))
            for leaf in node.walk()
            if not leaf.downstream and isinstance(leaf.source, exp.Table) and leaf.source.db
        }
        if origins:
            traced[column] = sorted(origins)
    return traced
