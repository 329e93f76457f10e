"""Every deliberate error of the pipeline, as one tree.

::

    PipelineError                 one line: what, where, what to do; carries the exit code
    |- UsageError                 exit 2: the person asked for something that cannot be
    |  |- ConfigurationError      a broken platform.yaml, triage file, policy ...
    |  |- UnknownServiceError     a service name that the platform does not have
    |  `- RepositoryError         not a Git repository, an empty one, an unknown revision
    |- ToolError                  exit 3: a tool could not do its work
    |  |- ToolMissingError        the tool is not to be had; the stage is `not_run`
    |  `- ParseError              a tool's output is not what its format says (file, position)
    |- EnvironmentFailedError     exit 3: the machine: disk full, ports, a process that died
    |  `- HistoryError            the history cannot be read or written
    |- StageFailedError           exit 1: a gate or a rollout said no
    `- TransientError             exit 3: worth a retry: time-outs, 503, a lock held elsewhere

Terminal errors are never retried; only :class:`TransientError` is.
"""

from __future__ import annotations

from coffee_pipeline.redaction import without_secrets


class PipelineError(Exception):
    """Base of all deliberate errors; ``str()`` is one line a person can act on.

    It often quotes what a tool said, and ends in logs and in the history: secrets are taken out.
    """

    exit_code = 3

    def __init__(self, message: str = "") -> None:
        super().__init__(without_secrets(message))


class UsageError(PipelineError):
    """The request itself is wrong: bad option, unknown name, bad file."""

    exit_code = 2


class ConfigurationError(UsageError):
    """A configuration file is broken; the message names file, line and field."""


class UnknownServiceError(UsageError):
    """A service that the platform description does not name."""


class RepositoryError(UsageError):
    """The platform's repository is missing, not Git, empty, or lacks the revision."""


class ToolError(PipelineError):
    """A tool could not do its work."""


class ToolMissingError(ToolError):
    """The tool is not to be had here; evidence records it as ``not_run``."""


class ParseError(ToolError):
    """Output that is not what its format says.

    Args:
        source: file or tool the bytes came from.
        position: where in it, as ``line 3`` or ``byte 120``; may be empty.
        problem: what is wrong, in a few words.
    """

    def __init__(self, source: str, position: str, problem: str) -> None:
        where = f"{source}:{position}" if position else source
        super().__init__(f"{where}: {problem}")
        self.source = source
        self.position = without_secrets(position)
        self.problem = without_secrets(problem)


class EnvironmentFailedError(PipelineError):
    """The machine failed the pipeline: disk, memory, ports, a process that died."""


class HistoryError(EnvironmentFailedError):
    """The history cannot be read, written, migrated or published."""


class StageFailedError(PipelineError):
    """A gate or a rollout said no; this is an answer, not a fault."""

    exit_code = 1


class TransientError(PipelineError):
    """A fault that may be gone on the next try."""
