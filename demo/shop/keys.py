"""What the demo wrote down while it was prepared: the publishable key of each site."""

import json
from pathlib import Path

from django.conf import settings


def publishable_key(site_id: str) -> str | None:
    """Return the key that the browser uses at this site, or None while the demo is being prepared."""
    file = Path(settings.DEMO_FOLDER) / "keys.json"
    if not file.exists():
        return None
    keys: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return keys.get(site_id, {}).get("publishable")
