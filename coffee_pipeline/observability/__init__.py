"""Dashboards, alerts, logs and traces of a platform, generated from its description and SLOs.

Nothing here starts anything: it makes the files that a monitoring stack is configured by, and
checks that every service and every objective has its panels and its alerts.
"""
