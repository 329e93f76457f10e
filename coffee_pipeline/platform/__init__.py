"""The platform under delivery: its description, discovery, Git revisions and affected services."""
