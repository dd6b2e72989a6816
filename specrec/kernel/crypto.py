"""Secrets: made, hashed, compared; and what is kept encrypted.

Encrypted is with AES-256-GCM, a key for each purpose, derived (HKDF-SHA-256, RFC 5869) from the first of the operator's
`DATA_KEYS`; the others only read what was encrypted with them.
"""

import hashlib
import os
import secrets
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from specrec.kernel.errors import Unavailable

_FORM = b"\x01"
_NAME, _NONCE = 4, 12  # bytes: which key it was, and what is used with it only once


def new_secret(size: int = 32) -> str:
    """Return an unguessable URL-safe secret made of `size` random bytes."""
    return secrets.token_urlsafe(size)


def hash_secret(secret: str) -> str:
    """Return the SHA-256 hex digest. The secrets are random and long, so a slow hash would add cost and no safety."""
    return hashlib.sha256(secret.encode()).hexdigest()


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 hex digest of bytes."""
    return hashlib.sha256(data).hexdigest()


def encrypt(data: bytes, *, purpose: str, bound_to: bytes = b"") -> bytes:
    """Return the bytes encrypted; only `decrypt` with the same purpose and bond reads them.

    bound_to: what the row is, so that nobody can put the bytes into another row unnoticed
    """
    name, cipher = _cipher(settings.DATA_KEYS[0], purpose)
    nonce = os.urandom(_NONCE)
    return _FORM + name + nonce + cipher.encrypt(nonce, data, bound_to)


def decrypt(data: bytes, *, purpose: str, bound_to: bytes = b"") -> bytes:
    """Return what `encrypt` was given; raises Unavailable (permanent) without the key, or if it was tampered with."""
    name, nonce = data[1 : 1 + _NAME], data[1 + _NAME : 1 + _NAME + _NONCE]
    ciphers = dict(_cipher(key, purpose) for key in settings.DATA_KEYS)
    cipher = ciphers.get(name) if data[:1] == _FORM else None
    if cipher is None:
        message = (
            "It was encrypted with a key that is not among SPECREC_DATA_KEYS. Add that key at the end of the list."
        )
        raise Unavailable(message, code="key_unknown", permanent=True)
    try:
        return cipher.decrypt(nonce, data[1 + _NAME + _NONCE :], bound_to)
    except InvalidTag as error:
        message = "What is stored is not what was encrypted: it was changed or moved. Restore it from a backup."
        raise Unavailable(message, code="not_authentic", permanent=True) from error


@cache
def _cipher(secret: str, purpose: str) -> tuple[bytes, AESGCM]:
    """Return the cipher of a purpose and the name of its key."""
    key = HKDF(SHA256(), length=32, salt=None, info=f"specrec:{purpose}".encode()).derive(secret.encode())
    return hashlib.sha256(key).digest()[:_NAME], AESGCM(key)
