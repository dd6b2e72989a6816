"""The one tree of errors. Each knows its machine code, HTTP status, message and the field it is about.

Problem
  Invalid          400  the input is wrong; `field` names where
  Unauthenticated  401  no key, or one that nobody knows
  Denied           403  a known caller that may not do this
  NotFound         404
  Conflict         409  the input is fine, but not with what is stored
  TooLarge         413
  Throttled        429  `retry_after` seconds
  Unavailable      503  a part that is needed does not answer; `permanent` says whether trying again can help

Anything else that reaches the error tracker is a defect of ours.
"""

from typing import Any, ClassVar


class Problem(Exception):
    """Base of all domain errors; edges translate it (RFC 9457 in REST, `extensions` in GraphQL) and never catch it."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Problem"

    def __init__(self, message: str, *, code: str, field: str | None = None, **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.field = field
        self.extra = extra

    def as_dict(self) -> dict[str, Any]:
        """Return the problem document (RFC 9457): type, title, status, detail, code, and field where there is one."""
        document: dict[str, Any] = {
            "type": f"urn:specrec:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.message,
            "code": self.code,
        }
        if self.field is not None:
            document["field"] = self.field
        return document | self.extra


class Invalid(Problem):
    status = 400
    title = "Invalid input"


class Unauthenticated(Problem):
    status = 401
    title = "Not authenticated"


class Denied(Problem):
    status = 403
    title = "Not allowed"


class NotFound(Problem):
    status = 404
    title = "Not found"


class Conflict(Problem):
    status = 409
    title = "Conflict"


class TooLarge(Problem):
    status = 413
    title = "Too large"


class Throttled(Problem):
    status = 429
    title = "Too many requests"

    def __init__(self, message: str, *, code: str = "throttled", retry_after: float = 1.0) -> None:
        super().__init__(message, code=code, retry_after=retry_after)
        self.retry_after = retry_after


class Unavailable(Problem):
    status = 503
    title = "Temporarily unavailable"

    def __init__(self, message: str, *, code: str, permanent: bool = False, **extra: Any) -> None:
        super().__init__(message, code=code, **extra)
        self.permanent = permanent
