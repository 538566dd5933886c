"""The dbt project: its SQL parses, its names resolve, and what it builds is what the product publishes.

dbt itself is not installed here: its templates are rendered by the engine that dbt uses, and the SQL is run
in DuckDB in the order of the refs.
"""

from __future__ import annotations

import graphlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2
import pytest
import yaml
from homes import command, published
from sqlglot import parse_one

from pipeline.console import Console
from pipeline.errors import UsageError
from pipeline.export.command import Request, export
from pipeline.export.tables import Span
from pipeline.models import read_models
from pipeline.settings import Settings
from pipeline.warehouse import table_hash

QUIET = Console(is_quiet=True)
CALL = re.compile(r"\{\{ (ref|source)\(([^)]*)\) \}\}")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dbt") / "project"
    export(Settings(out / "no-home"), Request("dbt", out), QUIET)
    return out


def _yaml(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    return content


def _places(project: Path) -> dict[tuple[str, ...], str]:
    """What every ref and source stands for: the schema and table that the project's own files give it."""
    folders = _yaml(project / "dbt_project.yml")["models"]["margin_debt"]
    places = {
        (path.stem,): f"{folders[path.parent.name]['+schema']}.{path.stem}"
        for path in (project / "models").rglob("*.sql")
    }
    for seed in _yaml(project / "seeds" / "properties.yml")["seeds"]:
        places[(seed["name"],)] = f"{seed['config']['schema']}.{seed['config']['alias']}"
    for source in _yaml(project / "models" / "sources.yml")["sources"]:
        for table in source["tables"]:
            places[(source["name"], table["name"])] = f"{source['schema']}.{table['name']}"
    return places


def _rendered(path: Path, places: Mapping[tuple[str, ...], str], **more: Any) -> str:
    def place(*names: str) -> str:
        return places[names]  # KeyError: a ref to nothing

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)  # noqa: S701 SQL is no HTML
    return environment.from_string(path.read_text()).render(
        ref=place, source=place, config=lambda **_: "", **more
    )


def test_every_model_says_in_dbt_what_it_says_here(project: Path) -> None:
    places = _places(project)
    models = {model.name: model for model in read_models()}
    files = {path.stem: path for path in (project / "models").rglob("*.sql")}
    assert set(files) == set(models)
    for name, path in files.items():
        told = parse_one(_rendered(path, places), read="duckdb")
        own = parse_one(models[name].select.replace("$from_day::date", "date '2009-01-03'"), read="duckdb")
        assert told == own, name
        named = {tuple(re.findall(r"'([^']+)'", call)) for _, call in CALL.findall(path.read_text())}
        assert set(models[name].reads) <= {places[names] for names in named}


def test_every_test_parses_and_every_check_of_a_header_is_one(project: Path) -> None:
    places = _places(project)
    singular = sorted((project / "tests").glob("*.sql"))
    assert len(singular) > len(read_models())
    for path in singular:
        parse_one(_rendered(path, places), read="duckdb")
    described = {
        one["name"]: one
        for layer in ("staging", "intermediate", "marts")
        for one in _yaml(project / "models" / layer / "schema.yml")["models"]
    }
    assert set(described) == {model.name for model in read_models()}
    debt = described["margin_debt_daily"]  # read from the header of that file
    assert debt["data_tests"] == [
        {"unique_grain": {"arguments": {"columns": ["day", "class", "venue", "asset"]}}}
    ]
    columns = {one["name"]: one for one in debt["columns"]}
    assert columns["day"]["data_tests"] == ["not_null"]
    level = next(one for one in described["risk_level_daily"]["columns"] if one["name"] == "level")
    assert level["data_tests"] == [
        {"accepted_values": {"arguments": {"values": ["unknown", "calm", "elevated", "high", "critical"]}}}
    ]
    growth = next(one for one in described["int_growth"]["columns"] if one["name"] == "usd_growth_ratio")
    assert growth["data_tests"] == [{"in_range": {"arguments": {"low": -1}}}]
    assert all(column["description"] for model in described.values() for column in model["columns"])


def test_a_build_of_the_project_gives_the_published_tables(
    project: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARGIN_DEBT_HOME", str(finished))
    places = _places(project)
    with duckdb.connect(str(tmp_path / "dbt.duckdb")) as connection:
        _build(connection, project, places)
        for path in sorted((project / "tests").glob("*.sql")):
            assert connection.execute(_rendered(path, places)).fetchall() == [], path.stem
        with duckdb.connect(str(published(finished)), read_only=True) as ours:
            ours.execute("set timezone = 'UTC'")
            for model in read_models():
                if model.schema == "marts":
                    grain = list(model.grain)
                    told = table_hash(connection, model.table, grain)
                    assert told == table_hash(ours, model.name, grain), model.name


def _build(
    connection: duckdb.DuckDBPyConnection, project: Path, places: Mapping[tuple[str, ...], str]
) -> None:
    """What `dbt build` does, without its tests: settings, hooks, seeds, then models in the order of refs."""

    def run_query(sql: str) -> SimpleNamespace:
        rows = connection.execute(sql).fetchall()
        return SimpleNamespace(columns=list(zip(*rows, strict=True)))

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)  # noqa: S701 SQL is no HTML
    environment.globals.update(env_var=os.environ.get, run_query=run_query, execute=True)
    macros = {
        name: getattr(module, name)
        for path in (project / "macros").glob("*.sql")
        for module in [environment.from_string(path.read_text()).module]
        for name in dir(module)
        if not name.startswith("_")
    }
    profile = _yaml_of(environment.from_string((project / "profiles.yml").read_text()).render())
    target = profile["margin_debt"]["outputs"]["duckdb"]
    connection.execute(f"set timezone = '{target['settings']['TimeZone']}'")
    for one in target["attach"]:
        connection.execute(f"attach '{one['path']}' as {one['alias']} (read_only)")
    for schema in {place.partition(".")[0] for place in places.values()}:
        connection.execute(f"create schema if not exists {schema}")
    for hook in _yaml(project / "dbt_project.yml")["on-run-start"]:
        connection.execute(environment.from_string(hook).render(macros))
    for seed in _yaml(project / "seeds" / "properties.yml")["seeds"]:
        columns = {name: str(kind) for name, kind in seed["config"]["column_types"].items()}
        path = project / "seeds" / f"{seed['name']}.csv"
        connection.execute(
            f"create table {places[(seed['name'],)]} as from read_csv('{path}', header = true,"
            f" columns = {columns}, nullstr = '')"
        )
    files = {path.stem: path for path in (project / "models").rglob("*.sql")}
    order = graphlib.TopologicalSorter(
        {
            name: set(re.findall(r"ref\('([^']+)'\)", path.read_text())) & set(files)
            for name, path in files.items()
        }
    )
    for name in order.static_order():
        connection.execute(f"create table {places[(name,)]} as {_rendered(files[name], places)}")


def _yaml_of(text: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def test_the_project_names_no_place_of_this_machine_and_is_the_same_again(
    project: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    ended = command("export", "--format", "dbt", "--out", str(again))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{again}\n", "")
    files = sorted(path.relative_to(project) for path in project.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    for file in files:
        assert (project / file).read_bytes() == (again / file).read_bytes()
        assert str(Path(__file__).parents[2]) not in (project / file).read_text()


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (
            Request("dbt", Path("a"), ["margin_debt_daily"]),
            "the models, all of them: leave tables and days out",
        ),
        (Request("dbt", Path("there")), "exists: name another path, or replace it with --force"),
        (Request("dbt", Path("file")), "is a file and dbt is a folder of files"),
    ],
    ids=["tables", "there", "file"],
)
def test_what_cannot_be_written_is_refused_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request_: Request, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there").mkdir()
    Path("there", "mine.txt").write_text("mine")
    Path("file").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match=sentence):
        export(Settings(tmp_path), request_, QUIET)
    assert sorted(tmp_path.rglob("*")) == before
    assert request_.span == Span()
