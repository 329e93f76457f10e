"""History -> page -> HTML and Markdown."""
