"""The models as a dbt project, for those who run dbt: the same SELECTs, seeds, checks and descriptions.

Everything is taken from `dbt_like_models/` and `sql/`; no table is named here. How the product itself builds
is `pipeline/build.py`: dbt builds every table whole. Signals are computed in Python: the project copies them
from the published file. A name in SQL becomes a ref or a source where tokens of the SELECT are that name, so
that comments and layout stay. What the project's own files say beside the models is `dbt_files.py`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from sqlglot import exp, parse_one
from sqlglot.tokens import Token, Tokenizer, TokenType

from pipeline.build import FIRST_DAY
from pipeline.export import dbt_files
from pipeline.files import MODELS, SQL
from pipeline.models import LAYERS, Model, described_columns, read_models
from pipeline.quality.identities import Identity, read_identities
from pipeline.records import FETCH_LOG, REFERENCE, raw_tables
from pipeline.warehouse import empty_columns

DICTIONARY = "internal.dictionary"
SEED_PREFIX = "seed_"  # a seed and a mart may have one name, which dbt allows to neither
FROM_DAY = "$from_day::date"
DAY = f"date '{FIRST_DAY.isoformat()}'"


def write_project(out: Path) -> None:
    """Write every file of the project below `out`; the same models give the same bytes.

    Reads no database. `dbt build --profiles-dir .` inside the folder needs dbt-duckdb, a home whose raw
    Parquet is the input, and MARGIN_DEBT_HOME naming it.
    """
    models = read_models()
    for path, text in {**_project(models), **_models(models), **_seeds(models)}.items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def _project(models: tuple[Model, ...]) -> dict[str, str]:
    """Files about the whole: settings, macros, sources."""
    macros = "\n".join(path.read_text().strip() for path in sorted((SQL / "macros").glob("*.sql")))
    signals = _signals(models)
    sources = {"raw": sorted(raw_tables()), "signals": sorted(signals)}
    return {
        "README.md": dbt_files.README,
        "dbt_project.yml": dbt_files.PROJECT,
        "profiles.yml": dbt_files.PROFILES,
        "macros/names.sql": dbt_files.NAMES,
        "macros/functions.sql": dbt_files.FUNCTIONS.format(macros=macros),
        "macros/raw.sql": dbt_files.RAW.format(views="\n".join(_raw_view(name) for name in raw_tables())),
        "macros/signals.sql": dbt_files.SIGNALS.format(
            copies="\n".join(
                f"create or replace table signals.{name} as select * from published.{mart};"
                for name, mart in sorted(signals.items())
            )
        ),
        "tests/generic/rules.sql": dbt_files.RULES,
        "models/sources.yml": _yaml(
            {
                "version": 2,
                "sources": [
                    {"name": schema, "schema": schema, "tables": [{"name": name} for name in names]}
                    for schema, names in sources.items()
                ],
            }
        ),
        **{f"tests/{one.name}.sql": _identity(one, models) for one in read_identities()},
    }


def _signals(models: tuple[Model, ...]) -> dict[str, str]:
    """Table of the signals -> the mart that publishes it."""
    return {
        read.partition(".")[2]: model.name
        for model in models
        for read in model.reads
        if read.startswith("signals.")
    }


def _raw_view(name: str) -> str:
    below = "day=*/*.parquet" if name in (FETCH_LOG, REFERENCE) else "venue=*/day=*/*.parquet"
    names, empty = empty_columns(name)
    template = (SQL / "ddl" / "raw_view.sql").read_text()
    view = template.format(name=name, files=f"'{{{{ raw }}}}/{name}/{below}'", columns=names)
    return dbt_files.RAW_VIEW.format(name=name, below=below, view=view.strip(), empty=empty)


def _models(models: tuple[Model, ...]) -> dict[str, str]:
    """A file a model, its row test, and a description of each layer."""
    known = {model.table: model for model in models}
    files = {}
    for model in models:
        after = ""
        if DICTIONARY in model.reads:  # it describes the columns that all the other marts have
            others = [one.name for one in models if one.schema == "marts" and one is not model]
            after = "".join(f"-- depends_on: {{{{ ref('{name}') }}}}\n" for name in others)
        files[f"models/{model.schema}/{model.name}.sql"] = f"{after}{_templated(model.select, models)}\n"
        files[f"tests/{model.name}_rows.sql"] = _row_test(model, models)
    for layer in LAYERS:
        described = [_described(model, known) for model in models if model.schema == layer]
        files[f"models/{layer}/schema.yml"] = _yaml({"version": 2, "models": described})
    return files


def _described(model: Model, known: Mapping[str, Model]) -> dict[str, Any]:
    required = {*model.grain, *model.checks.not_null}
    sure = _columns(model)
    columns = []
    for name, meaning in described_columns(model, dict(known)).items():
        if name not in sure:
            continue
        rules: list[Any] = ["not_null"] if name in required else []
        if name in model.checks.values:
            values = list(model.checks.values[name])
            rules.append({"accepted_values": {"arguments": {"values": values}}})
        if name in model.checks.range:
            low, high = model.checks.range[name]
            ends = {end: value for end, value in (("low", low), ("high", high)) if value is not None}
            rules.append({"in_range": {"arguments": ends}})
        columns.append({"name": name, "description": meaning, "quote": True, "data_tests": rules})
    return {
        "name": model.name,
        "description": model.title,
        "data_tests": [{"unique_grain": {"arguments": {"columns": list(model.grain)}}}],
        "columns": columns,
    }


def _columns(model: Model) -> set[str]:
    """The columns that a SELECT answers with; behind a star only those that the header names are sure."""
    names = set(model.tree.named_selects)
    if "*" not in names:
        return names
    checks = model.checks
    return {*model.columns, *model.grain, *checks.not_null, *checks.range, *checks.values}


def _row_test(model: Model, models: tuple[Model, ...]) -> str:
    """A test that answers with a row when the table has too few."""
    condition = ""
    if model.checks.rows_if is not None:
        source = _templated(f"select 1 from {model.checks.rows_if}", models)
        condition = f"\nand exists ({source})"
    table = f"{{{{ ref('{model.name}') }}}}"
    return (
        f"select 1 as too_few_rows\nwhere (select count(*) from {table}) < {model.checks.rows}{condition}\n"
    )


def _identity(identity: Identity, models: tuple[Model, ...]) -> str:
    """What must hold of the marts: a row for each thing that is too far from holding."""
    limit = identity.error_fraction
    severity = "warn" if limit is None else "error"
    beyond = identity.warn_fraction if limit is None else limit
    return (
        f"-- {identity.title}: {' '.join(identity.holds.split())}\n"
        f"{{{{ config(severity='{severity}') }}}}\n"
        f"with compared as (\n{_templated(identity.select, models)}\n)\n"
        f"select day, scope, off_ratio from compared where not coalesce(off_ratio <= {beyond}, false)\n"
    )


def _seeds(models: tuple[Model, ...]) -> dict[str, str]:
    """The curated files as they are, all columns text, and the dictionary's words from the headers."""
    known = {model.table: model for model in models}
    files = {f"{path.stem}": path.read_text() for path in sorted((MODELS / "seeds").glob("*.csv"))}
    properties = [_seed(name, text, "seeds") for name, text in files.items()]
    rows = [
        (model.name, name, meaning, model.title)
        for model in models
        if model.schema == "marts"
        for name, meaning in described_columns(model, known).items()
    ]
    words = dbt_files.csv_text(("table_name", "column_name", "meaning", "source"), rows)
    properties.append(_seed("dictionary", words, "internal"))
    return {
        **{f"seeds/{SEED_PREFIX}{name}.csv": text for name, text in files.items()},
        f"seeds/{SEED_PREFIX}dictionary.csv": words,
        "seeds/properties.yml": _yaml({"version": 2, "seeds": properties}),
    }


def _seed(name: str, text: str, schema: str) -> dict[str, Any]:
    head = next(csv.reader(text.splitlines()))
    types = dict.fromkeys(head, "varchar")
    config = {"alias": name, "schema": schema, "column_types": types}
    return {"name": f"{SEED_PREFIX}{name}", "config": config}


def _templated(sql: str, models: tuple[Model, ...]) -> str:
    """The SQL with each table's name as a call of ref or source, and the first day written out."""
    known = {model.table for model in models}
    tree = parse_one(sql.replace(FROM_DAY, DAY), read="duckdb")
    reads = {f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}
    text = sql.replace(FROM_DAY, DAY)
    tokens = Tokenizer(dialect="duckdb").tokenize(text)
    for first, dot, last in reversed(list(zip(tokens, tokens[1:], tokens[2:], strict=False))):
        name = f"{first.text}.{last.text}"
        if dot.token_type is TokenType.DOT and name in reads and not _is_column(tokens, first):
            text = f"{text[: first.start]}{_call(name, known)}{text[last.end + 1 :]}"
    return text


def _is_column(tokens: list[Token], first: Token) -> bool:
    """Whether a name stands where a column does: after a dot it is the last part of a longer one."""
    at = tokens.index(first)
    return at > 0 and tokens[at - 1].token_type is TokenType.DOT


def _call(name: str, known: set[str]) -> str:
    schema, _, table = name.partition(".")
    if name in known:
        return f"{{{{ ref('{table}') }}}}"
    if schema in ("seeds", "internal"):
        return f"{{{{ ref('{SEED_PREFIX}{table}') }}}}"
    return f"{{{{ source('{schema}', '{table}') }}}}"


def _yaml(content: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=110)
    return text
