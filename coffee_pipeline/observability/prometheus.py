"""Prometheus: what it scrapes, where its alerts go, and the rules that watch it itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

from coffee_pipeline.observability.subject import Observed, Subject
from coffee_pipeline.observability.written import RULE_PATTERNS
from coffee_pipeline.platform.description import Platform

RULE_FOLDER = "/etc/prometheus/rules"
Settings = dict[str, object]
Rule = dict[str, object]


def for_compose(subject: Subject, environment: str, pipeline: str) -> Settings:
    """Configuration beside the services in one network: every service at its name.

    ``pipeline`` is HOST:PORT of ``coffee-pipeline metrics serve``.
    """
    jobs: list[Settings] = [
        _static(service, environment) for service in subject.services if service.path
    ]
    jobs += _stack(pipeline)
    return _whole("compose", environment, jobs)


def for_kubernetes(subject: Subject, pipeline: str) -> Settings:
    """Configuration inside a cluster: the platform's pods in production that ask to be scraped.

    Production only, as beside Compose: objectives, their alerts and the dashboards add up all
    series of a service, so a second environment would be counted into its service levels, and
    would answer for production while that is down.
    """
    platform = subject.platform
    production = platform.rollout.environments[-1]
    watched = namespaces(platform, production)
    pod, annotation = "__meta_kubernetes_pod", "__meta_kubernetes_pod_annotation_prometheus_io"
    part_of = f"{pod}_label_app_kubernetes_io_part_of"
    pods: Settings = {
        "job_name": "services",
        "honor_labels": True,
        "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"names": watched}}],
        "relabel_configs": [
            # Pods that do not say what they are a part of are in the platform's namespace anyhow.
            _keep([part_of], f"({re.escape(platform.name)})?"),
            _keep([f"{annotation}_scrape"], "true"),
            _copy([f"{annotation}_path"], "__metrics_path__", "(/.+)"),
            {
                "source_labels": ["__address__", f"{annotation}_port"],
                "regex": r"([^:]+)(?::\d+)?;(\d+)",
                "replacement": "$1:$2",
                "target_label": "__address__",
            },
            # A pod with several ports is several targets of the same address.
            _copy(["__meta_kubernetes_namespace"], "namespace"),
            {"replacement": production, "target_label": "environment"},
            _copy([f"{pod}_label_app"], "service", "(.+)"),
            _copy([f"{pod}_label_app_kubernetes_io_name"], "service", "(.+)"),
            _copy([f"{pod}_name"], "pod"),
        ],
    }
    jobs = [pods, *_stack(pipeline)]
    return _whole("kubernetes", production, jobs)


def namespaces(platform: Platform, environment: str) -> list[str]:
    """Namespaces of an environment: those that are mapped to it, else one named like it."""
    mapped = platform.security.namespaces.items()
    named = sorted(name for name, one in mapped if one == environment)
    return named or [f"{platform.name}-{environment}"]


def monitoring_rules(subject: Subject) -> Settings:
    """Alerts on what is not seen: services, Prometheus' own faults, and that alerts arrive."""
    services = [
        _alert(
            f"{_camel(service.name)}NotScraped",
            f'absent(up{{service="{service.name}"}} == 1)',
            "5m",
            "page",
            f"No instance of {service.name} answers Prometheus",
            "None was seen for five minutes: it is down, or not found. Its objectives have no data "
            "meanwhile, which is not 100 %.",
            service.name,
        )
        for service in subject.services
        # Of one without metrics nothing is ever seen: it is a gap in the coverage, not an outage.
        if service.path
    ]
    own = [
        _alert("Watchdog", "vector(1)", None, "none", "Alerts arrive",
               "Always fires. A receiver that stops hearing it knows that alerts are lost."),
        _alert("TargetDown", "up == 0", "5m", "ticket", "{{ $labels.instance }} cannot be scraped",
               "One instance has not answered for five minutes."),
        _alert("RuleFailures", "increase(prometheus_rule_evaluation_failures_total[5m]) > 0",
               "5m", "ticket", "Rules of {{ $labels.rule_group }} cannot be evaluated",
               "Alerts of that group do not fire until this is mended."),
        _alert("AlertsNotSent",
               "rate(prometheus_notifications_errors_total[5m]) > 0", "5m", "ticket",
               "Alertmanager does not take alerts", "{{ $labels.alertmanager }} answers errors."),
        _alert("NotificationsFail",
               "rate(alertmanager_notifications_failed_total[5m]) > 0", "5m", "ticket",
               "Notifications to {{ $labels.integration }} fail",
               "People are not told of alerts over {{ $labels.integration }}."),
    ]  # fmt: skip
    return {
        "groups": [
            {"name": "monitoring-services", "rules": services},
            {"name": "monitoring-itself", "rules": own},
        ]
    }


def _whole(cluster: str, environment: str, jobs: Sequence[Settings]) -> Settings:
    return {
        "global": {
            "scrape_interval": "15s",
            "scrape_timeout": "10s",
            "evaluation_interval": "15s",
            "external_labels": {"cluster": cluster, "environment": environment},
        },
        "rule_files": [f"{RULE_FOLDER}/{one}" for one in RULE_PATTERNS],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["alertmanager:9093"]}]}]},
        "scrape_configs": list(jobs),
    }


def _static(service: Observed, environment: str) -> Settings:
    return {
        "job_name": service.name,
        "honor_labels": True,
        "metrics_path": service.path,
        "static_configs": [
            {
                "targets": [f"{service.name}:{service.port}"],
                "labels": {"service": service.name, "environment": environment},
            }
        ],
    }


def _stack(pipeline: str) -> list[Settings]:
    """The programs of the stack, and the pipeline's own numbers."""
    targets = ["alertmanager:9093", "otel-collector:8888"]
    return [
        {"job_name": "prometheus", "static_configs": [{"targets": ["localhost:9090"]}]},
        {"job_name": "stack", "static_configs": [{"targets": targets}]},
        {
            "job_name": "delivery-pipeline",
            "scrape_interval": "1m",
            "honor_labels": True,
            "static_configs": [{"targets": [pipeline]}],
        },
    ]


def _keep(source: list[str], regex: str) -> Settings:
    return {"source_labels": source, "regex": regex, "action": "keep"}


def _copy(source: list[str], target: str, regex: str = "(.*)") -> Settings:
    return {"source_labels": source, "regex": regex, "target_label": target}


def _alert(
    name: str, expression: str, lasting: str | None, severity: str, summary: str, text: str,
    service: str | None = None,
) -> Rule:  # fmt: skip
    labels = {"severity": severity, **({"service": service} if service else {})}
    return {
        "alert": name,
        "expr": expression,
        **({"for": lasting} if lasting else {}),
        "labels": labels,
        "annotations": {"summary": summary, "description": text},
    }


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", name))
