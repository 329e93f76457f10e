"""The history: immutable parts, loaded into DuckDB by one process, published by rename."""
