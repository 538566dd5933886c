"""What Dagster knows of a run, what a broken rule stops, and that its own server starts on the workspace."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage
from homes import DAYS, PROJECT, VENUES, clean_environment, copied, published, rebuild

from pipeline.assets.event_log import BatchedSqliteEventLogStorage
from pipeline.definitions import build_definitions
from pipeline.engine import dagster_home
from pipeline.lake import Lake
from pipeline.models import read_models
from pipeline.records import ReferenceRow
from pipeline.signals import SIGNALS

Events = list[dg.DagsterEvent]


@pytest.fixture(scope="module")
def events(finished: Path) -> Events:
    """Everything in the event log of the one run that wrote the marts of the finished home."""
    with dagster_home(finished / "dagster"), dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.SUCCESS
        return [entry.dagster_event for entry in instance.all_logs(run.run_id) if entry.dagster_event]


def test_every_venue_and_day_is_a_materialization(events: Events) -> None:
    found = {
        (event.asset_key.path[1], event.partition)
        for event in events
        if event.is_step_materialization
        and event.asset_key
        and event.asset_key.path[0] == "raw"
        and event.asset_key.path[1] != "files"
    }
    assert found == {(venue, day.isoformat()) for venue in VENUES for day in DAYS}


def test_every_table_signal_and_output_is_a_materialization(events: Events) -> None:
    found = {
        "/".join(event.asset_key.path)
        for event in events
        if event.is_step_materialization and event.asset_key
    }
    wanted = {f"{model.schema}/{model.name}" for model in read_models()}
    wanted |= {f"signals/{name}" for name in SIGNALS} | {
        "signals/anomalies", "signals/explosive_episodes", "signals/risk", "signals/scoreboard",
        "quality/identities",
    }  # fmt: skip
    wanted |= {"raw/files", "serving/margin_debt", "reports/daily"}
    assert len(wanted) > 30
    assert found - {f"raw/{venue}" for venue in VENUES} == wanted


def test_every_check_has_a_result(events: Events) -> None:
    results = [
        event.asset_check_evaluation_data
        for event in events
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    found = {("/".join(result.asset_key.path), result.check_name) for result in results}
    assert all(result.passed for result in results), [r for r in results if not r.passed]
    for venue in VENUES:
        assert (f"raw/{venue}", "answered") in found
        assert (f"raw/{venue}", "expect_open_interest") in found
        assert (f"raw/{venue}", "expect_funding_rate") in found
    rules = {
        ("/".join(result.asset_key.path), result.check_name): result.metadata["rules"].value
        for result in results
        if result.asset_key.path[0] != "raw" and "rules" in result.metadata
    }
    blocking, warning = (
        rules["staging/stg_open_interest", f"{kind}expectations"] for kind in ("blocking_", "")
    )
    assert "asset_is_there" in blocking.keys() | warning.keys()
    assert "open_interest_quote_in_range" in blocking.keys() | warning.keys()
    assert "key_is_unique" in blocking
    assert not blocking.keys() & warning.keys()
    assert blocking["key_is_unique"]["compared"] > 0
    assert "funding_apr_in_range" in rules["staging/stg_funding_rate", "expectations"]
    for model in read_models():
        named = {f"range_{column}" for column in model.checks.range}
        named |= {f"values_{column}" for column in model.checks.values}
        contract = rules[f"{model.schema}/{model.name}", "contract"]
        assert contract.keys() == {"rows", "grain_is_unique", "not_null", *named}, model.name
    contract = rules["marts/open_interest_by_venue_daily", "contract"]
    assert {one["broken"] for one in contract.values()} == {"none"}


def test_a_blocking_rule_that_breaks_stops_publication(early: Path, tmp_path: Path) -> None:
    home = copied(early, tmp_path / "home")
    before = published(home).read_bytes()
    # 1e17 coins: a fact brought in by hand is ours to answer for, so a fault of it stops everything
    at = datetime(2025, 6, 10, tzinfo=UTC)
    absurd = ReferenceRow(
        data_day=at,
        kind="circulating_supply",
        asset="BTC",
        amount=1e17,
        unit="coins",
        source="a slip of the pen",
        fetched_at=at,
        run_id="by hand",
    )
    Lake(home / "raw").write_reference([absurd])
    ending = rebuild(home)
    assert ending.exit_code == 1
    assert any("amount_in_range" in problem for problem in ending.problems), ending
    assert published(home).read_bytes() == before


def test_the_daily_job_runs_at_ten_past_midnight_for_a_partition_a_day() -> None:
    definitions = build_definitions()
    job = definitions.resolve_job_def("daily")
    assert isinstance(job.partitions_def, dg.DailyPartitionsDefinition)
    resolved = definitions.resolve_schedule_def("daily_0010_utc")
    assert resolved.cron_schedule == "10 0 * * *"
    assert resolved.execution_timezone == "UTC"
    assert resolved.job_name == "daily"
    context = dg.build_schedule_context(
        scheduled_execution_time=datetime(2026, 3, 2, 0, 10, tzinfo=UTC),
        repository_def=definitions.get_repository_def(),
    )
    (request,) = resolved.evaluate_tick(context).run_requests or []
    assert request.partition_key == "2026-03-01"


_WORKSPACE = """{ workspaceOrError { ... on Workspace { locationEntries { loadStatus locationOrLoadError {
  __typename ... on RepositoryLocation { repositories { jobs { name } schedules { name } } } } } } } }"""


@pytest.mark.slow
def test_dagster_dev_answers_with_the_workspace_loaded(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path / "dagster"
    with dagster_home(home), _dev(port, tmp_path):
        (entry,) = _location_entries(port)
    assert entry["loadStatus"] == "LOADED"
    assert entry["locationOrLoadError"]["__typename"] == "RepositoryLocation", entry
    (repository,) = entry["locationOrLoadError"]["repositories"]
    assert "daily" in {job["name"] for job in repository["jobs"]}
    assert {one["name"] for one in repository["schedules"]} == {"daily_0010_utc", "hourly_snapshots"}


@contextmanager
def _dev(port: int, folder: Path) -> Iterator[None]:
    """`dagster dev` as the README starts it, in a group of its own that is ended as a whole."""
    words = ["-m", "dagster", "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    environment = {**clean_environment(), "MARGIN_DEBT_HOME": str(folder / "home")}
    environment |= {name: os.environ[name] for name in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY")}
    with (folder / "dev.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=PROJECT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _location_entries(port: int) -> list[dict[str, Any]]:
    """What its GraphQL says about the workspace, within 60 seconds."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": _WORKSPACE}).encode(),
        {"Content-Type": "application/json"},
    )
    limit = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 our own server
                entries: list[dict[str, Any]] = json.load(response)["data"]["workspaceOrError"][
                    "locationEntries"
                ]
        except (urllib.error.URLError, ConnectionError):
            entries = []
        if entries and all(entry["loadStatus"] == "LOADED" for entry in entries):
            return entries
        assert time.monotonic() < limit, "no answer within 60 seconds"
        time.sleep(0.3)


def test_the_batched_event_log_stores_what_the_stock_one_does(tmp_path: Path) -> None:
    stock, batched = tmp_path / "stock", tmp_path / "batched"
    stock.mkdir()
    (stock / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    found = {}
    for folder, storage in ((stock, SqliteEventLogStorage), (batched, BatchedSqliteEventLogStorage)):
        with dagster_home(folder), dg.DagsterInstance.get() as instance:
            assert type(instance.event_log_storage) is storage
            found[folder.name] = _stored(instance)
    assert found["stock"] == found["batched"]
    assert found["stock"]["partitions"]["made"] == {"2025-06-01", "2025-06-02", "2025-06-03"}


def _stored(instance: dg.DagsterInstance) -> dict[str, Any]:
    """Run a small partitioned job twice and describe all that the event log then tells, without ids."""
    daily = dg.DailyPartitionsDefinition("2025-06-01", end_date="2025-06-05", timezone="UTC")

    @dg.asset(
        partitions_def=daily,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=[dg.AssetCheckSpec("whole", asset="made")],
    )
    def made() -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        yield dg.MaterializeResult(metadata={"rows": 3}, tags={"kind": "test"})
        yield dg.AssetCheckResult(check_name="whole", passed=True)

    @dg.asset(deps=[made])
    def total() -> dg.MaterializeResult[Any]:
        return dg.MaterializeResult(metadata={"rows": 1})

    job = dg.Definitions(
        assets=[made, total], jobs=[dg.define_asset_job("both", executor_def=dg.in_process_executor)]
    ).resolve_job_def("both")
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    for first, last in (("2025-06-01", "2025-06-02"), ("2025-06-02", "2025-06-03")):
        tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
        assert job.execute_in_process(instance=instance, tags=tags, run_config=quiet).success
    keys = [dg.AssetKey("made"), dg.AssetKey("total")]
    latest = instance.get_latest_materialization_events(keys)
    counts: dict[str, int] = {}
    for run in instance.get_runs():
        for entry in instance.all_logs(run.run_id):
            kind = entry.dagster_event_type.value if entry.dagster_event_type else "message"
            counts[kind] = counts.get(kind, 0) + 1
    newest_run = instance.get_runs(limit=1)[0].run_id
    records = instance.get_asset_records(keys)
    described: dict[str, Any] = {"counts": counts, "partitions": {}, "latest": {}, "stored": {}}
    for key in keys:
        name = key.path[0]
        described["partitions"][name] = instance.get_materialized_partitions(key)
        event = latest[key]
        assert event is not None
        materialization = event.asset_materialization
        assert materialization is not None
        tags = {tag: value for tag, value in (materialization.tags or {}).items() if tag == "kind"}
        described["latest"][name] = (
            materialization.partition,
            {label: value.value for label, value in materialization.metadata.items()},
            tags,
            event.run_id == newest_run,
        )
        rows = instance.fetch_materializations(key, limit=100).records
        ids = [row.storage_id for row in rows]
        assert ids == sorted(ids, reverse=True)
        described["stored"][name] = [row.partition_key for row in rows]
    described["records"] = sorted(
        (
            record.asset_entry.asset_key.path[0],
            record.asset_entry.last_run_id == newest_run,
            record.asset_entry.last_materialization is not None,
            record.asset_entry.last_materialization_storage_id
            == instance.fetch_materializations(record.asset_entry.asset_key, limit=1).records[0].storage_id,
        )
        for record in records
    )
    # the names only: Dagster derives a data version from the run's id
    described["tags"] = [
        sorted(tag for tags in instance.event_log_storage.get_event_tags_for_asset(key) for tag in tags)
        for key in keys
    ]
    return described
