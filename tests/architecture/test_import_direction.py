"""Who may import whom, and who alone may touch the clock, the environment, DuckDB and Dagster."""

from __future__ import annotations

import pytest
from package import calls, imports, inside, reached, trees

# Layer -> what of the package it may import beside itself. What is not listed may import anything below it.
BASE = ("pipeline.errors", "pipeline.records", "pipeline.clock")
MAY_IMPORT = {
    "pipeline.errors": (),
    "pipeline.files": (),
    "pipeline.kept": ("pipeline.files",),
    "pipeline.clock": (),
    "pipeline.keys": ("pipeline.errors",),
    "pipeline.settings": ("pipeline.errors", "pipeline.keys"),
    "pipeline.records": (),
    "pipeline.methods": (),
    "pipeline.venues": (*BASE, "pipeline.files", "pipeline.settings", "pipeline.keys"),
    "pipeline.signals": ("pipeline.errors", "pipeline.methods"),
    "pipeline.replay": ("pipeline.errors", "pipeline.clock"),
    "pipeline.report": (
        "pipeline.errors",
        "pipeline.files",
        "pipeline.kept",
        "pipeline.clock",
        "pipeline.warehouse",
        "pipeline.evaluate.rule",
    ),
    "pipeline.quality": ("pipeline.errors", "pipeline.files", "pipeline.records"),
    "pipeline.lake": ("pipeline.records", "pipeline.errors"),
    "pipeline.models": ("pipeline.errors", "pipeline.files", "pipeline.kept"),
    "pipeline.warehouse": ("pipeline.errors", "pipeline.files", "pipeline.records"),
}

# What only some modules may do -> those modules, each with its reason.
ONLY = {
    "dagster": {
        "pipeline.assets": "makes the assets",
        "pipeline.definitions": "assembles them",
        "pipeline.schedules": "says when they run",
        "pipeline.engine": "runs the job for the commands",
    },
    "ccxt": {
        "pipeline.venues.client": "the one place that talks to exchanges",
        "pipeline.venues.ccxt_bounds": "keeps what it counts and reads within bounds",
    },
}
ONLY_CALLS = {
    "clock": (
        ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"),
        {"pipeline.clock": "the one source of now"},
    ),
    "environment": (
        ("os.environ", "os.getenv", "environ"),
        {
            "pipeline.settings": "the one reader of settings",
            "pipeline.engine": "hands Dagster the variables that only Dagster reads, and takes them back",
            "pipeline.quality.gate": "switches off what Great Expectations would send before it is imported",
        },
    ),
    "duckdb": (("duckdb.connect",), {"pipeline.warehouse": "the one module that opens DuckDB"}),
    "print": (
        ("print",),
        {"pipeline.console": "results go to standard output, and only from here"},
    ),
}


@pytest.mark.parametrize("layer", list(MAY_IMPORT))
def test_a_layer_imports_only_what_lies_below_it(layer: str) -> None:
    wrong = [
        f"{module} imports {name}"
        for module, names in imports().items()
        if inside(module, layer)
        for name in sorted(names)
        if inside(name, "pipeline") and not inside(name, layer, *MAY_IMPORT[layer])
    ]
    assert wrong == []


@pytest.mark.parametrize("library", list(ONLY))
def test_a_library_has_its_place(library: str) -> None:
    users = {module for module, names in imports().items() if any(inside(name, library) for name in names)}
    assert users, f"nothing imports {library}: this test looks at the wrong name"
    assert [module for module in sorted(users) if not inside(module, *ONLY[library])] == []


@pytest.mark.parametrize("what", list(ONLY_CALLS))
def test_a_thing_is_touched_in_one_place(what: str) -> None:
    names, places = ONLY_CALLS[what]
    users = {module for module in trees() if calls(module) & set(names)}
    assert users == set(places)


def test_encoders_never_see_the_parsers() -> None:
    """An encoder that imported the venue file would agree with its mistakes."""
    for module in trees():
        if inside(module, "pipeline.replay.wire"):
            assert not [name for name in reached(module) if inside(name, "pipeline.venues")], module


@pytest.mark.parametrize(
    ("one", "other"), [("pipeline.replay", "pipeline.signals"), ("pipeline.signals", "pipeline.replay")]
)
def test_made_worlds_and_signals_do_not_know_each_other(one: str, other: str) -> None:
    """Else a signal could be fitted to the world that tests it, on any path of imports."""
    for module in trees():
        if inside(module, one):
            assert not [name for name in reached(module) if inside(name, other)], module


def test_the_walk_over_imports_sees_an_indirect_one() -> None:
    assert "pipeline.venues.asker" in reached("pipeline.definitions")  # through assets.raw, then fetch
