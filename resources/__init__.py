"""Dagster: what assets are given."""
