"""Alertmanager: who is told of which alert. Secrets are files, never part of the configuration."""

from __future__ import annotations

from collections.abc import Mapping

from coffee_pipeline.observability.subject import Subject
from coffee_pipeline.platform.notifications import PagerDuty, Slack
from coffee_pipeline.tools.alertmanager import PAGED_ALERT

SECRET_FOLDER = "/etc/alertmanager/secrets"  # noqa: S105  # a folder
Settings = dict[str, object]


def configuration(subject: Subject, receiver: str) -> Settings:
    """Routes of pages and tickets to the pipeline's receiver, and to the platform's channels.

    Args:
        subject: what is observed; its platform's notifications say whom people hear it from.
        receiver: URL of ``coffee-pipeline listen``.
    """
    channels = _channels(subject)
    pagers: list[Settings] = [
        {
            "routing_key_file": f"{SECRET_FOLDER}/{file}",
            "url": channel.url,
            # The receiver hears of the alert, and of its page from PagerDuty: one incident.
            "description": f'{{{{ template "pagerduty.default.description" . }}}} {PAGED_ALERT}',
        }
        for file, channel in channels.items()
        if isinstance(channel, PagerDuty)
    ]
    slack: list[Settings] = [
        {"api_url_file": f"{SECRET_FOLDER}/{file}", "send_resolved": True}
        for file, channel in channels.items()
        if isinstance(channel, Slack)
    ]
    paged: Settings = _pipeline(receiver)
    ticketed: Settings = _pipeline(receiver)
    if pagers:
        paged["pagerduty_configs"] = pagers
    if slack:
        ticketed["slack_configs"] = slack
        if not pagers:
            paged["slack_configs"] = slack
    return {
        "route": {
            "receiver": "ticket",
            "group_by": ["alertname", "environment", "service", "sloth_id"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "12h",
            "routes": [
                {"receiver": "watchdog", "matchers": ['alertname="Watchdog"'],
                 "group_wait": "0s", "group_interval": "1m", "repeat_interval": "5m"},
                {"receiver": "page", "matchers": ['severity=~"page|critical"'],
                 "group_wait": "10s", "group_interval": "1m", "repeat_interval": "1h"},
            ],
        },
        # Who is paged for an objective needs no ticket for it. Without the matcher on sloth_id all
        # alerts that lack the label would be equal in it.
        "inhibit_rules": [
            {"source_matchers": ['severity="page"', 'sloth_id=~".+"'],
             "target_matchers": ['severity="ticket"'], "equal": ["environment", "sloth_id"]},
        ],
        "receivers": [
            {"name": "page", **paged},
            {"name": "ticket", **ticketed},
            {"name": "watchdog", **_pipeline(receiver)},
        ],
    }  # fmt: skip


def secret_files(subject: Subject) -> Mapping[str, str]:
    """File in the folder of secrets -> the environment variable whose value it holds."""
    platform = subject.platform
    files = {"receiver": platform.security.receiver.alertmanager_secret}
    for file, channel in _channels(subject).items():
        files[file] = (
            channel.routing_key_variable if isinstance(channel, PagerDuty) else channel.url_variable
        )
    return files


def _channels(subject: Subject) -> Mapping[str, PagerDuty | Slack]:
    """File of a secret -> the channel that it is for; the second of a kind has a number."""
    found: dict[str, PagerDuty | Slack] = {}
    for channel in subject.platform.notifications.channels:
        if isinstance(channel, PagerDuty | Slack):
            kind = "pagerduty_routing_key" if isinstance(channel, PagerDuty) else "slack_url"
            number = sum(name.startswith(kind) for name in found) + 1
            found[kind if number == 1 else f"{kind}_{number}"] = channel
    return found


def _pipeline(receiver: str) -> Settings:
    return {
        "webhook_configs": [
            {
                "url": f"{receiver}/alertmanager",
                "send_resolved": True,
                "http_config": {
                    "authorization": {
                        "type": "Bearer",
                        "credentials_file": f"{SECRET_FOLDER}/receiver",
                    }
                },
            }
        ]
    }
