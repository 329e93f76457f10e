"""Components named by package URLs (purl): the name that the package's own ecosystem uses."""

from __future__ import annotations

from dataclasses import dataclass

from packageurl import PackageURL

_SYSTEM_TYPES = frozenset({"alpm", "apk", "deb", "rpm"})


@dataclass(frozen=True, slots=True)
class Package:
    """A package: its name as its ecosystem writes it, its version where the URL has one.

    ``locator`` is the URL without version and qualifiers: the same for all versions.
    ``is_system``: a package of a Linux distribution, so of an image rather than of a program.
    """

    name: str
    version: str | None
    locator: str
    is_system: bool


def package_of(url: object) -> Package | None:
    """The package that a URL names; None where it is no package URL."""
    if not isinstance(url, str) or not url.strip().startswith("pkg:"):
        return None
    try:
        parsed = PackageURL.from_string(url.strip())
    except ValueError:
        return None
    separator = ":" if parsed.type == "maven" else "/"
    # The namespace of a system package is its distribution.
    is_system = parsed.type in _SYSTEM_TYPES
    prefix = f"{parsed.namespace}{separator}" if parsed.namespace and not is_system else ""
    locator = PackageURL(parsed.type, parsed.namespace, parsed.name).to_string()
    return Package(f"{prefix}{parsed.name}", parsed.version or None, locator, is_system)
