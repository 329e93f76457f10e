"""Incidents as other systems export them: paging services, webhooks, trackers, files."""
