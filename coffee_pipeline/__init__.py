"""The delivery pipeline's library: everything that is true without Dagster.

Data flows one way: a platform's repository -> tools -> evidence -> history -> reports.
"""
