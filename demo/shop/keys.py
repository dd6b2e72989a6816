"""What the demo wrote down while it was prepared: the publishable key of each site."""

import json
from pathlib import Path

from specrec.settings import env


def demo_folder() -> Path:
    """Return where the demo keeps its notes; `demo.run` names it to all roles."""
    return Path(env.text("SPECREC_DEMO_FOLDER"))


def publishable_key(site_id: str) -> str | None:
    """Return the key that the browser uses at this site, or None while the demo is being prepared."""
    file = demo_folder() / "keys.json"
    if not file.exists():
        return None
    keys: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return keys.get(site_id, {}).get("publishable")
