"""Grafana's provisioning: where it finds its data sources and its dashboards."""

from __future__ import annotations

from collections.abc import Sequence

from coffee_pipeline.observability.traces import TraceStore

Settings = dict[str, object]
_TRACES = {
    TraceStore.JAEGER: ("jaeger", "Jaeger", 16686),
    TraceStore.TEMPO: ("tempo", "Tempo", 3200),
    TraceStore.ZIPKIN: ("zipkin", "Zipkin", 9411),
}


def data_sources(stores: Sequence[TraceStore]) -> Settings:
    """Prometheus, Alertmanager, Loki and the trace ``stores``; logs lead to their traces."""
    traces = [_source(*_TRACES[store]) for store in stores]
    fields = [
        {
            "name": f"trace in {_TRACES[store][1]}",
            "datasourceUid": store.value,
            "matcherRegex": r'"trace_id":"(\w+)"',
            # Grafana's own variable; it would be read as one of the environment without the $$.
            "url": "$${__value.raw}",
        }
        for store in stores
    ]
    loki = {**_source("loki", "Loki", 3100), "jsonData": {"derivedFields": fields}}
    prometheus = {**_source("prometheus", "Prometheus", 9090), "isDefault": True}
    manager = {
        **_source("alertmanager", "Alertmanager", 9093),
        "jsonData": {"implementation": "prometheus"},
    }
    return {"apiVersion": 1, "datasources": [prometheus, manager, loki, *traces]}


def dashboard_provider(platform: str) -> Settings:
    """The folder of dashboards; changes are made here, not in Grafana."""
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": platform,
                "folder": platform,
                "type": "file",
                "allowUiUpdates": False,
                "disableDeletion": True,
                "options": {"path": "/etc/grafana/dashboards"},
            }
        ],
    }


def _source(kind: str, name: str, port: int) -> Settings:
    return {
        "name": name,
        "uid": kind,
        "type": kind,
        "access": "proxy",
        "url": f"http://{kind}:{port}",
        "editable": False,
    }
