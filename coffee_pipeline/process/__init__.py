"""Processes: the only place that starts any. Time limits, process groups, redaction."""
