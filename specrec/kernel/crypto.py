"""Secrets: made, hashed, compared."""

import hashlib
import secrets


def new_secret(size: int = 32) -> str:
    """Return an unguessable URL-safe secret made of `size` random bytes."""
    return secrets.token_urlsafe(size)


def hash_secret(secret: str) -> str:
    """Return the SHA-256 hex digest. The secrets are random and long, so a slow hash would add cost and no safety."""
    return hashlib.sha256(secret.encode()).hexdigest()


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 hex digest of bytes."""
    return hashlib.sha256(data).hexdigest()
