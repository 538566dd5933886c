"""Dagster's own SQLite event log, with its batch method doing a batch.

Stock SQLite storage writes each event of a batch in transactions of its own, about 10 ms each; a range of
400 days of four partitioned assets is 3,200 such events. Dagster hands partition events over in batches
(DAGSTER_EVENT_BATCH_SIZE) and its PostgreSQL storage writes them at once; this does the same for SQLite.
What is stored is the same: a test compares both.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Self

from dagster._core.events import ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import create_engine, func, select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.event import listen
from sqlalchemy.pool import ConnectionPoolEntry


class BatchedSqliteEventLogStorage(SqliteEventLogStorage):
    """Configured in the home's dagster.yaml; one transaction a database and batch."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Made by Dagster from dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        """One kept connection a database instead of a new one for each statement."""
        if shard not in self._engines:
            with super()._connect(shard):  # creates the tables of a new database; takes the lock itself
                pass
        with self._db_lock:
            if shard not in self._engines:
                self._engines[shard] = create_engine(
                    self.conn_string_for_shard(shard), connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
                )
                # in a log written ahead, a process that is killed loses nothing by this; waiting for the disk
                # at each of some 4,000 small writes is a tenth of a day's run
                listen(self._engines[shard], "connect", _without_waiting_for_the_disk)
            with self._engines[shard].connect() as connection, connection.begin():
                yield connection

    @cached_property
    def supports_asset_checks(self) -> bool:
        """Asked for every check that is stored; the stock storage looks its table up each time."""
        return bool(super().supports_asset_checks)

    def dispose(self) -> None:
        """Close the kept connections."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store the asset events of a batch at once; what is no asset event takes the stock way."""
        by_run: dict[str, list[EventLogEntry]] = {}
        for event in events:
            if event.is_dagster_event and event.dagster_event_type in ASSET_EVENTS:
                by_run.setdefault(event.run_id, []).append(event)
            else:
                self.store_event(event)
        for asset_events in by_run.values():
            self._store_asset_events(asset_events)

    def _store_asset_events(self, events: Sequence[EventLogEntry]) -> None:
        rows = [self._event_to_row(event) for event in events]
        with self.run_connection(events[0].run_id) as connection:
            connection.execute(SqlEventLogStorageTable.insert(), rows)
        with self.index_transaction() as connection:
            ids = _insert(connection, rows)
            self._store_asset_event_tags(connection, events, ids)
            # each asset's row shows its last event of a kind: earlier ones would be overwritten
            last = {
                (event.dagster_event_type, event.get_dagster_event().asset_key): (event, event_id)
                for event, event_id in zip(events, ids, strict=True)
            }
            for event, event_id in last.values():
                self._store_asset_event(connection, event, event_id)


def _without_waiting_for_the_disk(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.cursor().execute("pragma synchronous = normal")


def _insert(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Insert within the open write transaction and return the ids given, in order."""
    connection.execute(SqlEventLogStorageTable.insert(), list(rows))
    newest = connection.execute(select(func.max(SqlEventLogStorageTable.c.id))).scalar_one()
    return list(range(newest - len(rows) + 1, newest + 1))
