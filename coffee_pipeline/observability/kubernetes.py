"""The stack for Kubernetes: one Deployment and Service for each program, put together by kustomize.

Configuration comes from the same generated files by ``configMapGenerator``, so that a change of a
file restarts who reads it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from coffee_pipeline.observability.programs import Mount, Program, programs
from coffee_pipeline.observability.prometheus import namespaces
from coffee_pipeline.observability.subject import Subject
from coffee_pipeline.observability.traces import TraceStore

NAMESPACE = "monitoring"
SECRET = "alertmanager"  # noqa: S105  # the name of a Secret
Object = dict[str, object]
_NAME = 180
"""Characters of a file in an object's name, which has 253; kustomize adds a digest."""


def kustomization(subject: Subject, stores: Sequence[TraceStore], files: Sequence[str]) -> Object:
    """``kustomization.yaml`` beside the generated ``files``."""
    stack = _in_cluster(stores)
    maps: list[Object] = []
    for program in stack:
        for number, mount in enumerate(program.mounts):
            contents = _config_maps(program, number, mount, files)
            maps += [{"name": name, "files": [one]} for name, one in contents.items()]
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": NAMESPACE,
        "resources": [
            *(f"kubernetes/{program.name}.yaml" for program in stack),
            "kubernetes/network-policy.yaml",
        ],
        "configMapGenerator": maps,
        "labels": [{"pairs": {"app.kubernetes.io/part-of": f"{subject.platform.name}-monitoring"}}],
    }


def manifests(
    subject: Subject, stores: Sequence[TraceStore], files: Sequence[str]
) -> dict[str, list[Object]]:
    """File below ``kubernetes/`` -> its objects, which mount the generated ``files``."""
    made = {f"{one.name}.yaml": _objects(one, files) for one in _in_cluster(stores)}
    made["prometheus.yaml"].insert(0, _account())
    made["network-policy.yaml"] = [_network_policy()]
    # Applied by themselves: their namespaces are those of the platform.
    production = subject.platform.rollout.environments[-1]
    made["scrape-access.yaml"] = [
        one for name in namespaces(subject.platform, production) for one in _access(name)
    ]
    return made


def _in_cluster(stores: Sequence[TraceStore]) -> list[Program]:
    """All but Fluentd, which runs on every node with the rights of whoever operates the cluster."""
    return [one for one in programs(stores) if one.name != "fluentd"]


def _config_maps(
    program: Program, number: int, mount: Mount, files: Sequence[str]
) -> dict[str, str]:
    """Name of a ConfigMap -> the one file in it, as kustomize wants it.

    One for each file of a folder: an object holds 1 MiB, and ``kubectl apply`` 256 KiB, which the
    dashboards of a platform of many services together pass.
    """
    prefix = program.name if number == 0 else f"{program.name}-{number}"
    if not mount.folder:
        name = mount.target.rpartition("/")[2]
        return {prefix: f"{name}={mount.kubernetes or mount.source}"}
    found = sorted(file for file in files if file.startswith(f"{mount.source}/"))
    return {_object_name(prefix, file.removeprefix(f"{mount.source}/")): file for file in found}


def _object_name(prefix: str, file: str) -> str:
    """The name of an object about ``file``; with a digest where not all of it may be in a name."""
    plain = re.sub(r"[^a-z0-9]+", "-", file.lower()).strip("-")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*\.[a-z]+", file) or len(plain) > _NAME:
        plain = f"{plain[:_NAME].strip('-')}-{hashlib.sha256(file.encode()).hexdigest()[:8]}"
    return f"{prefix}-{plain}"


def _objects(program: Program, files: Sequence[str]) -> list[Object]:
    labels = {"app.kubernetes.io/name": program.name}
    found: list[Object] = [_deployment(program, labels, files), _service(program, labels)]
    if program.data:
        found.append(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": program.name, "labels": labels},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "20Gi"}},
                },
            }
        )
    return found


def _deployment(program: Program, labels: dict[str, str], files: Sequence[str]) -> Object:
    user = program.image.user
    pod: Object = {
        "automountServiceAccountToken": program.name == "prometheus",
        "securityContext": {
            "runAsNonRoot": True, "runAsUser": user, "runAsGroup": user, "fsGroup": user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(program)],
        "volumes": _volumes(program, files),
    }  # fmt: skip
    if program.name == "prometheus":
        pod["serviceAccountName"] = "prometheus"
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": program.name, "labels": labels},
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _container(program: Program) -> Object:
    mounts: list[Object] = [{"name": "scratch", "mountPath": "/tmp"}]  # noqa: S108
    for number, mount in enumerate(program.mounts):
        one: Object = {"name": f"config-{number}", "mountPath": mount.target, "readOnly": True}
        if not mount.folder:
            one["subPath"] = mount.target.rpartition("/")[2]
        mounts.append(one)
    if program.data:
        mounts.append({"name": "data", "mountPath": program.data})
    if program.secrets:
        mounts.append({"name": "secrets", "mountPath": program.secrets, "readOnly": True})
    container: Object = {
        "name": program.name,
        "image": program.image.reference,
        "imagePullPolicy": "Always",
    }
    if program.arguments:
        container["args"] = list(program.arguments)
    container["ports"] = [{"name": f"tcp-{port}", "containerPort": port} for port in program.ports]
    if program.health:
        path, port = program.health
        asked = {"httpGet": {"path": path, "port": port}, "timeoutSeconds": 5}
        container["readinessProbe"] = {**asked, "periodSeconds": 10}
        # Only that it listens: who reads a long log at its start is not to be started again.
        container["livenessProbe"] = {"tcpSocket": {"port": port}, "periodSeconds": 30,
                                      "failureThreshold": 10}  # fmt: skip
    container["resources"] = {
        "requests": {"cpu": "50m", "memory": "128Mi", "ephemeral-storage": "64Mi"},
        "limits": {"cpu": "1", "memory": "1Gi", "ephemeral-storage": "256Mi"},
    }
    container["securityContext"] = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    container["volumeMounts"] = mounts
    return container


def _volumes(program: Program, files: Sequence[str]) -> list[Object]:
    found: list[Object] = [{"name": "scratch", "emptyDir": {"sizeLimit": "128Mi"}}]
    for number, mount in enumerate(program.mounts):
        maps = [{"configMap": {"name": name}}
                for name in _config_maps(program, number, mount, files)]  # fmt: skip
        source: Object = {"projected": {"sources": maps}} if mount.folder else dict(maps[0])
        found.append({"name": f"config-{number}", **source})
    if program.data:
        found.append({"name": "data", "persistentVolumeClaim": {"claimName": program.name}})
    if program.secrets:
        found.append({"name": "secrets", "secret": {"secretName": SECRET, "optional": True}})
    return found


def _service(program: Program, labels: dict[str, str]) -> Object:
    ports = [{"name": f"tcp-{port}", "port": port, "targetPort": port} for port in program.ports]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": program.name, "labels": labels},
        "spec": {"selector": labels, "ports": ports},
    }


def _account() -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "prometheus"},
        "automountServiceAccountToken": False,
    }


def _access(namespace: str) -> list[Object]:
    """Prometheus may see the pods of one namespace, and nothing else there."""
    name = {"name": "prometheus-pods", "namespace": namespace}
    group = "rbac.authorization.k8s.io"
    return [
        {
            "apiVersion": f"{group}/v1", "kind": "Role", "metadata": name,
            "rules": [{"apiGroups": [""], "resources": ["pods"],
                       "verbs": ["get", "list", "watch"]}],
        },
        {
            "apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": name,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "prometheus-pods"},
            "subjects": [{"kind": "ServiceAccount", "name": "prometheus",
                          "namespace": NAMESPACE}],
        },
    ]  # fmt: skip


def _network_policy() -> Object:
    """Programs of the stack reach each other; other namespaces only send traces and logs."""
    traces = [{"port": 4317, "protocol": "TCP"}, {"port": 4318, "protocol": "TCP"}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "monitoring"},
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress"],
            "ingress": [
                {"from": [{"podSelector": {}}]},
                {"from": [{"namespaceSelector": {}}], "ports": traces},
            ],
        },
    }
