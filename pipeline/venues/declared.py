"""What a venue file and the market list say about a row: unit, evidence, clock and size of a contract.

What the number is comes from the answer, and that is the venue file's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.errors import PayloadUnreadable
from pipeline.keys import quoted
from pipeline.records import Dataset, Unit
from pipeline.venues.base import Reports, Venue, direction_of


def declaration(
    venue: Venue, dataset: Dataset, market: str, known: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Columns of a row by name. known: ccxt's market, None for what is in no list, such as a currency.

    Raises PayloadUnreadable for a dataset that is not declared, and for contracts of no known size.
    """
    report = venue.reports[dataset]
    if not isinstance(report, Reports):
        message = f"{dataset} is not declared for {venue.name}"
        raise PayloadUnreadable(message)
    unit = report.unit_for(direction_of(known) if known is not None else None)
    contract_size = known.get("contractSize") if known is not None else None
    if unit is Unit.CONTRACTS and not contract_size:
        message = f"no contract size is listed for {quoted(market, 60)}"
        raise PayloadUnreadable(message)
    return {
        "symbol": known["symbol"] if known is not None else None,
        "unit": unit.value,
        "evidence": report.evidence.value,
        "stamp": report.stamp.value,
        "tolerance_hours": report.tolerance_hours,
        "sides": report.sides,
        "contract_size": contract_size,
        "publication_lag_hours": report.publication_lag_hours,
    }
