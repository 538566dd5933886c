"""Dagster's own SQLite event log, with its batch method doing a batch.

Stock SQLite storage writes each event of a batch in transactions of its own, about 10 ms each; a range of
400 days of four partitioned assets is 3,200 such events. Dagster hands partition events over in batches
(DAGSTER_EVENT_BATCH_SIZE) and its PostgreSQL storage writes them at once; this does the same for SQLite.
What is stored is the same: a test compares both.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from dagster._core.events import ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._serdes import ConfigurableClassData
from sqlalchemy import func, select
from sqlalchemy.engine import Connection


class BatchedSqliteEventLogStorage(SqliteEventLogStorage):
    """Configured in the home's dagster.yaml; one transaction a database and batch."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Made by Dagster from dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store asset events of one run; anything else takes the stock way, one by one."""
        is_plain = len({event.run_id for event in events}) == 1 and all(
            event.is_dagster_event and event.dagster_event_type in ASSET_EVENTS for event in events
        )
        if not is_plain:
            for event in events:
                self.store_event(event)
            return
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


def _insert(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Insert within the open write transaction and return the ids given, in order."""
    connection.execute(SqlEventLogStorageTable.insert(), list(rows))
    newest = connection.execute(select(func.max(SqlEventLogStorageTable.c.id))).scalar_one()
    return list(range(newest - len(rows) + 1, newest + 1))
