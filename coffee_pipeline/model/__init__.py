"""Frozen records, no input or output: what the pipeline knows, as typed facts.

Every record class is one table of the history (see :mod:`coffee_pipeline.history.tables`): its
fields are the columns, in order. Times are timezone-aware UTC; durations are seconds; ratios are
0..1 unless a name says ``percent``; sizes are bytes.
"""
