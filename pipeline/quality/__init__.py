"""Great Expectations on raw and staging data: which rules hold, and running them. No Dagster here."""
