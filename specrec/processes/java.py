"""The Java of this machine, and Maven, which fetches what runs on it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from specrec.processes.folder import PartsError
from specrec.processes.spawn import tail

OLDEST = 17
HOW_TO_GET = (
    f"It needs Java {OLDEST} or newer and Maven. Debian and Ubuntu: apt install default-jre-headless maven. "
    "Elsewhere: install both, and name the Java with JAVA_HOME where it is not on the PATH."
)
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


def find_java() -> Path | None:
    """Return a Java that is new enough: of JAVA_HOME, else on the PATH."""
    home = os.environ.get("JAVA_HOME")
    for candidate in ([str(Path(home) / "bin" / "java")] if home else []) + ["java"]:
        found = shutil.which(candidate)
        if found is not None and _major_version(found) >= OLDEST:
            return Path(found).resolve()
    return None


def find_maven() -> Path | None:
    """Return the Maven on the PATH."""
    found = shutil.which("mvn")
    return Path(found) if found is not None else None


def copy_jars(*, maven: Path, pom: Path, to: Path, log: Path) -> None:
    """Copy what the project needs at run time into the folder; raises PartsError with the end of the log."""
    words = ["--batch-mode", "--file", str(pom), "dependency:copy-dependencies"]
    words += ["-DincludeScope=runtime", f"-DoutputDirectory={to}"]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        done = subprocess.run(  # noqa: S603 - our own arguments, no shell
            [maven, *words], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode != 0:
        raise PartsError(f"Maven could not fetch what {pom} names.\n{tail(log, 20)}")


def _major_version(java: str) -> int:
    """Return the number of the version, 0 where the program does not say one."""
    done = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603 - found by us
    found = _VERSION.search(done.stderr)
    return int(found[1]) if found else 0
