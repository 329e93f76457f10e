"""What each stage does, in terms of tools and records. No Dagster here."""
