"""Logs: Fluentd reads what the services print, and hands it to Loki with few labels."""

from __future__ import annotations

from coffee_pipeline.observability.images import IMAGES
from coffee_pipeline.observability.prometheus import namespaces
from coffee_pipeline.observability.subject import Subject

Settings = dict[str, object]
RETENTION = "744h"
DATA = "/var/lib/fluentd"
"""Where Fluentd keeps its position in files, and what Loki has not taken yet."""

_SOURCES = """\
# Compose: the logging driver fluentd sends here.
<source>
  @type forward
  port 24224
  bind 0.0.0.0
</source>

# Kubernetes: what the container runtime wrote on this node, of this platform's namespaces.
<source>
  @type tail
  path {paths}
  pos_file /var/lib/fluentd/containers.pos
  tag kubernetes.*
  read_from_head true
  <parse>
    @type regexp
    expression /^(?<time>\\S+) (?<stream>stdout|stderr) [FP] (?<log>.*)$/
    time_format %Y-%m-%dT%H:%M:%S.%N%:z
  </parse>
</source>
"""
_TREATMENT = """\
# The services print one JSON object a line; a line that is none is kept as it is.
<filter **>
  @type parser
  key_name log
  reserve_data true
  reserve_time true
  remove_key_name_field false
  emit_invalid_record_to_error false
  <parse>
    @type json
  </parse>
</filter>

# Few labels: Loki has a stream for each combination. Trace and span stay in the line.
<filter **>
  @type record_transformer
  enable_ruby false
  <record>
    platform {platform}
  </record>
</filter>

# The plug-in fluent-plugin-grafana-loki; see the Dockerfile beside this file.
<match **>
  @type loki
  url http://loki:3100
  extra_labels {{"platform": "{platform}"}}
  line_format json
  <label>
    service
    level
    stream
  </label>
  <buffer>
    @type file
    path /var/lib/fluentd/buffer
    flush_interval 5s
    retry_max_interval 30s
    total_limit_size 512m
    overflow_action drop_oldest_chunk
  </buffer>
</match>
"""


def fluentd(subject: Subject) -> str:
    """``fluent.conf``: from the services' output to Loki."""
    platform = subject.platform
    watched = [name for one in platform.rollout.environments for name in namespaces(platform, one)]
    paths = ",".join(f"/var/log/containers/*_{name}_*.log" for name in watched)
    return _SOURCES.format(paths=paths) + "\n" + _TREATMENT.format(platform=platform.name)


def dockerfile() -> str:
    """The image of Fluentd with the plug-in that speaks Loki's push API."""
    return (
        f"FROM {IMAGES['fluentd'].reference}\n"
        "USER root\n"
        "RUN gem install fluent-plugin-grafana-loki --version 1.2.20 --no-document \\\n"
        # A new volume takes its owner from the folder of the image; without one it is root's.
        f"    && mkdir --parents {DATA} && chown fluent:fluent {DATA}\n"
        "USER fluent\n"
    )


def loki() -> Settings:
    """Loki as one process that keeps its data in a folder."""
    return {
        "auth_enabled": False,
        "server": {"http_listen_port": 3100, "log_level": "warn"},
        "common": {
            "instance_addr": "127.0.0.1",
            "path_prefix": "/loki",
            "replication_factor": 1,
            "ring": {"kvstore": {"store": "inmemory"}},
            "storage": {
                "filesystem": {
                    "chunks_directory": "/loki/chunks",
                    "rules_directory": "/loki/rules",
                }
            },
        },
        "schema_config": {
            "configs": [
                {
                    "from": "2024-01-01",
                    "store": "tsdb",
                    "object_store": "filesystem",
                    "schema": "v13",
                    "index": {"prefix": "index_", "period": "24h"},
                }
            ]
        },
        "limits_config": {"retention_period": RETENTION, "max_label_names_per_series": 12},
        "compactor": {
            "working_directory": "/loki/compactor",
            "retention_enabled": True,
            "delete_request_store": "filesystem",
        },
        "analytics": {"reporting_enabled": False},
    }
