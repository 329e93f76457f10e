"""Git repositories of any shape, written by ``git fast-import`` with the times a test wants."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

START = 1_767_571_200  # 2026-01-05T00:00:00Z
HOUR = 3600
DAY = 24 * HOUR


@dataclass
class History:
    """Commits under construction; times in hours after the start."""

    path: Path
    stream: list[bytes] = field(default_factory=list)
    marks: dict[str, int] = field(default_factory=dict)

    def commit(
        self,
        name: str,
        hours: float,
        *parents: str,
        authored: float | None = None,
        message: str | bytes | None = None,
        branch: str = "main",
        file: str | None = None,
    ) -> None:
        committed = int(START + hours * HOUR)
        author = committed if authored is None else int(START + authored * HOUR)
        text = message if isinstance(message, bytes) else (message or name).encode()
        self.marks[name] = len(self.marks) + 1
        lines = [
            f"commit refs/heads/{branch}", f"mark :{self.marks[name]}",
            f"author Ada <ada@example.com> {author} +0000",
            f"committer Ada <ada@example.com> {committed} +0000", f"data {len(text)}",
        ]  # fmt: skip
        self.stream.append("\n".join(lines).encode() + b"\n" + text + b"\n")
        for number, parent in enumerate(parents):
            word = "merge" if number else "from"
            self.stream.append(f"{word} :{self.marks[parent]}\n".encode())
        content = f"{self.marks[name]}\n"
        self.stream.append(
            f"M 100644 inline {file or name.replace(' ', '_')}\n"
            f"data {len(content)}\n{content}\n".encode()
        )

    def tag(self, name: str, commit: str, hours: float | None = None) -> None:
        mark = self.marks[commit]
        if hours is None:
            self.stream.append(f"reset refs/tags/{name}\nfrom :{mark}\n\n".encode())
            return
        at = int(START + hours * HOUR)
        self.stream.append(
            f"tag {name}\nfrom :{mark}\n"
            f"tagger Ada <ada@example.com> {at} +0000\ndata 0\n\n".encode()
        )

    def write(self) -> Path:
        run(None, "init", "--quiet", "--initial-branch=main", str(self.path))
        run(self.path, "fast-import", "--quiet", stdin=b"".join(self.stream))
        return self.path

    def hash(self, name: str) -> str:
        """The hash of the commit whose first line is ``name``."""
        for line in run(self.path, "log", "--all", "--format=%H %s").splitlines():
            found, _, subject = line.partition(" ")
            if subject == name:
                return found
        raise KeyError(name)


def run(folder: Path | None, *arguments: str, stdin: bytes | None = None) -> str:
    done = subprocess.run(
        ["git", *(["-C", str(folder)] if folder else []), *arguments],
        input=stdin, capture_output=True, check=True,
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "GIT_CONFIG_GLOBAL": "/dev/null",
             "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder or "/")},
    )  # fmt: skip
    return done.stdout.decode("utf-8", "replace").strip()
