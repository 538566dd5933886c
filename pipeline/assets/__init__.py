"""Dagster's view of the pipeline: what is made, from what, and how it was checked.

Only this package, `definitions.py` and `schedules.py` import dagster. The makers stay short: what an asset
does is in the module that owns it (fetch, build, signals, report).
"""
