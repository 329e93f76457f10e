"""Dagster: what is made. One module per stage; bodies only call the library."""
