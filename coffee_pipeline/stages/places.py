"""Which service and which environment of the platform do labels and names of others mean?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from coffee_pipeline.platform.description import Platform

_SERVICE_LABELS = (
    "k8s.pod.label.app.kubernetes.io/name",
    "k8s.pod.label[app.kubernetes.io/name]",
    "k8smeta.pod.label[app.kubernetes.io/name]",
    "k8s.pod.label.app",
    "k8s.pod.label[app]",
    "k8smeta.pod.label[app]",
    "k8s.deployment.name",
    "k8smeta.deployment.name",
    "container.label[com.docker.compose.service]",
    "container.name",
)
_IMAGE_LABELS = ("container.image.repository", "container.image")
_NAMESPACE_LABELS = ("k8s.ns.name", "k8smeta.ns.name")
ANOTHER = frozenset({"pre", "post", "non", "not", "no", "ex", ""})
"""Words that make another environment of the one whose name follows them behind a hyphen."""


class Places:
    """Finds services and environments of a platform by what others call them."""

    def __init__(self, platform: Platform) -> None:
        self._services = {one.name for one in platform.services if one.kind == "service"}
        self._platform = platform.name
        self._environments = sorted(platform.rollout.environments, key=len, reverse=True)
        self._namespaces = platform.security.namespaces

    def service(self, names: Iterable[str]) -> str | None:
        """The service of the first name that is one, also with the platform's name before it."""
        for name in names:
            plain = name.removeprefix(f"{self._platform}-")
            for candidate in (name, plain):
                if candidate in self._services:
                    return candidate
        return None

    def environment(self, names: Iterable[str]) -> str | None:
        """The environment of the first name that is one, is mapped to one, or ends with one.

        It ends with one behind a hyphen, as ``eu-production`` does; of several the longest counts.
        Behind a word of :data:`ANOTHER` stands another environment: ``x-pre-production`` is none.
        """
        for name in names:
            if name in self._namespaces:
                return self._namespaces[name]
            for environment in self._environments:
                before = name.removesuffix(environment)
                if name == environment:
                    return environment
                if before != name and before.endswith("-"):
                    if before[:-1].rpartition("-")[2] not in ANOTHER:
                        return environment
                    break
        return None

    def unknown_services(self, names: Iterable[str]) -> tuple[str, ...]:
        """Names of ``names`` that are neither a service nor the platform: no report counts them."""
        return tuple(sorted(set(names) - self._services - {self._platform}))

    def unknown_environments(self, names: Iterable[str]) -> tuple[str, ...]:
        """Names of ``names`` that are no environment of the platform."""
        return tuple(sorted(set(names) - set(self._environments)))

    def service_of(self, labels: Mapping[str, str]) -> str | None:
        """The service of a container: by its pod's labels, its deployment, its name, its image."""
        names = [labels[name] for name in _SERVICE_LABELS if name in labels]
        images = [labels[name] for name in _IMAGE_LABELS if name in labels]
        last_parts = [image.partition("@")[0].rpartition("/")[2] for image in images]
        return self.service([*names, *(part.partition(":")[0] for part in last_parts)])

    def environment_of(self, labels: Mapping[str, str]) -> str | None:
        """The environment of a container, by its namespace."""
        return self.environment(labels[name] for name in _NAMESPACE_LABELS if name in labels)
