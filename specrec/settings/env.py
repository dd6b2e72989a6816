"""Typed readers of the environment: the only place where configuration enters the program."""

import os
from pathlib import Path


class MissingSetting(RuntimeError):
    """A required variable is absent or cannot be read; the message says which and how to set it."""


def text(name: str, default: str | None = None) -> str:
    """Return the variable; raises MissingSetting when it is absent and there is no default."""
    value = os.environ.get(name, default)
    if value is None:
        message = f"{name} is not set. Set it in the environment; `. .specrec/demo/env` sets it for a running demo."
        raise MissingSetting(message)
    return value


def integer(name: str, default: int) -> int:
    """Return the variable as a whole number; raises MissingSetting when it is not one."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    try:
        return int(raw)
    except ValueError as error:
        message = f"{name} must be a whole number, got {raw!r}."
        raise MissingSetting(message) from error


def number(name: str, default: float) -> float:
    """Return the variable as a number; raises MissingSetting when it is not one."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    try:
        return float(raw)
    except ValueError as error:
        message = f"{name} must be a number, got {raw!r}."
        raise MissingSetting(message) from error


def flag(name: str, *, default: bool = False) -> bool:
    """Return the variable as yes or no; raises MissingSetting for anything else."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    if raw.lower() in {"1", "true", "yes", "on"}:
        return True
    if raw.lower() in {"0", "false", "no", "off", ""}:
        return False
    message = f"{name} must be one of 1, true, yes, on, 0, false, no, off; got {raw!r}."
    raise MissingSetting(message)


def words(name: str, default: str = "") -> list[str]:
    """Return a comma-separated variable as a list without empty entries."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def secret(name: str, default: str | None = None) -> str:
    """Return a secret from NAME, or from the file that NAME_FILE points at; raises MissingSetting without any."""
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return text(name, default)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        message = f"{name}_FILE points at {path}, which cannot be read: {error.strerror}."
        raise MissingSetting(message) from error
