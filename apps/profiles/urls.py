"""Paths of profiles below `/v1/`."""

urlpatterns = []  # type: ignore[var-annotated]
