"""Which program made a model."""

from apps.recommend.registry.sources import digest_sources

# What is learned is decided here; a change elsewhere makes no other model of the same data and recipe.
_FOLDERS = ("ml", "training", "features")


def find_code_version() -> str:
    """Return the version and twelve digits of the sources' SHA-256, `0.1.0+5f0c1d2e3b4a`."""
    return digest_sources(*_FOLDERS)
