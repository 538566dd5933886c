"""All suites, in the order they run. A new rule goes into the suite of its table, nowhere else."""

from __future__ import annotations

from pipeline.quality.raw_suites import RAW_SUITES
from pipeline.quality.staging_suites import STAGING_SUITES

SUITES = (*RAW_SUITES, *STAGING_SUITES)
