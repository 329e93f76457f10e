"""Envoy's configuration as plain data: one gateway, a listener a service, a cluster a track.

Endpoints, clusters and listeners are read from files (filesystem xDS) and may change while Envoy
runs; weights are runtime keys, changed over the admin interface. Nothing is ever retried: a lost
request must be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from coffee_pipeline.rollout.access_log import FORMAT

TRACKS = ("stable", "canary")
HOST = "127.0.0.1"
REQUEST_TIMEOUT = "30s"
IDLE_TIMEOUT = "15s"
"""Shorter than any server's keep-alive seen, so that Envoy never writes to a closing connection."""
BARRIER = "gateway-barrier"
"""A listener that answers by itself: a round trip means that earlier changes are in force."""

_API = "type.googleapis.com/envoy"
Configuration = dict[str, Any]


def cluster_name(service: str, track: str) -> str:
    """The cluster of one track of a service."""
    return f"{service}-{track}"


def weight_key(service: str, track: str) -> str:
    """The runtime key of a track's share of the traffic."""
    return f"weight.{service}.{cluster_name(service, track)}"


def file_name(name: str) -> str:
    """``name`` as one path component."""
    return quote(name, safe="").replace(".", "%2E")


def _address(port: int) -> Configuration:
    return {"address": {"socket_address": {"address": HOST, "port_value": port}}}


def _from_file(path: Path) -> Configuration:
    return {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"}


def bootstrap(folder: Path) -> Configuration:
    """The configuration Envoy starts with; all ports are chosen by the kernel."""
    return {
        "node": {"id": "gateway", "cluster": "coffee-pipeline"},
        "admin": _address(0),
        "dynamic_resources": {
            "cds_config": _from_file(folder / "clusters.json"),
            "lds_config": _from_file(folder / "listeners.json"),
        },
        "static_resources": {"listeners": [_untyped(_listener(BARRIER, _barrier_route(), None))]},
        "layered_runtime": {"layers": [{"name": "admin", "admin_layer": {}}]},
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        "@type": f"{_API}.extensions.resource_monitors.downstream_connections.v3"
                        ".DownstreamConnectionsConfig",
                        "max_active_downstream_connections": 20000,
                    },
                }
            ]
        },
    }


def _untyped(resource: Configuration) -> Configuration:
    """A resource inside the bootstrap, whose place says its type already."""
    return {name: value for name, value in resource.items() if name != "@type"}


def _barrier_route() -> Configuration:
    return {"match": {"prefix": "/"}, "direct_response": {"status": 204}}


def clusters(services: Iterable[str], folder: Path) -> Configuration:
    """The clusters of all services, both tracks each."""
    return _resources(
        _cluster(cluster_name(service, track), folder) for service in services for track in TRACKS
    )


def listeners(services: Iterable[str], logs: Mapping[str, Path]) -> Configuration:
    """The listeners of all services; ``logs`` are their access logs."""
    return _resources(_listener(name, _route(name), logs[name]) for name in services)


def endpoints(service: str, track: str, port: int | None) -> Configuration:
    """The process that answers for a track; None: no process."""
    ports = [] if port is None else [port]
    assignment = {
        "@type": f"{_API}.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": cluster_name(service, track),
        "endpoints": [{"lb_endpoints": [{"endpoint": _address(p)} for p in ports]}],
    }
    return _resources([assignment])


def _resources(resources: Iterable[Configuration]) -> Configuration:
    return {"resources": list(resources)}


def endpoints_file(folder: Path, cluster: str) -> Path:
    """Where the endpoints of ``cluster`` are read from."""
    return folder / f"endpoints-{file_name(cluster)}.json"


def _cluster(name: str, folder: Path) -> Configuration:
    protocol = {
        "@type": f"{_API}.extensions.upstreams.http.v3.HttpProtocolOptions",
        "common_http_protocol_options": {"idle_timeout": IDLE_TIMEOUT},
        "explicit_http_config": {"http_protocol_options": {}},
    }
    return {
        "@type": f"{_API}.config.cluster.v3.Cluster",
        "name": name,
        "type": "EDS",
        "connect_timeout": "5s",
        "eds_cluster_config": {"eds_config": _from_file(endpoints_file(folder, name))},
        "typed_extension_protocol_options": {
            f"{_API.rpartition('/')[2]}.extensions.upstreams.http.v3.HttpProtocolOptions": protocol
        },
        "circuit_breakers": {
            "thresholds": [
                {"max_connections": 4096, "max_pending_requests": 4096, "max_requests": 8192}
            ]
        },
    }


def _route(service: str) -> Configuration:
    return {
        "match": {"prefix": "/"},
        "route": {
            "timeout": REQUEST_TIMEOUT,
            "weighted_clusters": {
                "runtime_key_prefix": f"weight.{service}",
                "clusters": [
                    {"name": cluster_name(service, "stable"), "weight": 100},
                    {"name": cluster_name(service, "canary"), "weight": 0},
                ],
            },
        },
    }


def _listener(name: str, route: Configuration, log: Path | None) -> Configuration:
    connection_manager = {
        "@type": f"{_API}.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager",
        "stat_prefix": name,
        "generate_request_id": False,
        "access_log": [] if log is None else [_access_log(log)],
        "route_config": {
            "name": name,
            "validate_clusters": False,
            "virtual_hosts": [{"name": name, "domains": ["*"], "routes": [route]}],
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_API}.extensions.filters.http.router.v3.Router"},
            }
        ],
    }
    return {
        "@type": f"{_API}.config.listener.v3.Listener",
        "name": name,
        **_address(0),
        # Two gateways must never share a port by accident.
        "enable_reuse_port": False,
        "filter_chains": [{"filters": [{"name": "http", "typed_config": connection_manager}]}],
    }


def _access_log(path: Path) -> Configuration:
    return {
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": f"{_API}.extensions.access_loggers.file.v3.FileAccessLog",
            "path": str(path),
            "log_format": {"text_format_source": {"inline_string": FORMAT + "\n"}},
        },
    }
