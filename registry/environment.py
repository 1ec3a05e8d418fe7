"""Where and with what a run ran: the provenance that a number needs to count."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from hashlib import sha256
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from registry.errors import MissingExtra

Fact = str | int | bool

SOURCES = ("registry", "reference_impl", "ontology", "pyproject.toml")
"""What decides a number, by path in the repository."""


def require_training() -> None:
    """Raises MissingExtra unless what training needs is installed."""
    missing = [name for name in ("torch", "torchvision", "pyarrow") if find_spec(name) is None]
    if missing:
        raise MissingExtra("run-benchmark", "train", ", ".join(missing))


def source() -> dict[str, Fact]:
    """Commit, whether the tree differs from it, and a checksum of the reference implementations."""
    import reference_impl

    folder = Path(reference_impl.__path__[0])
    digest = sha256()
    for file in sorted(folder.glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return {**_commit(folder.parent), "sourceSha256": digest.hexdigest()}


def _commit(root: Path) -> dict[str, Fact]:
    """From Git in a checkout; from what was noted when the package was built elsewhere; else nothing."""
    if (root / ".git").exists():
        commit = _git(root, "rev-parse", "HEAD")
        # A method's new file counts as well; results and notices are filed between one run and the next.
        filed = [f":(exclude)ontology/{folder}" for folder in ("results", "notices")]
        changes = _git(root, "status", "--porcelain", "--", *SOURCES, *filed)
        if commit is not None and changes is not None:
            return {"sourceCommit": commit, "sourceModified": bool(changes)}
        return {}
    note = resources.files("registry") / "build.json"
    if not note.is_file():
        return {}
    built: dict[str, Fact] = json.loads(note.read_text(encoding="utf-8"))
    return built


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            encoding="utf-8",
            check=True,
            # GIT_DIR and its kin would name another repository.
            env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def machine(device: str, processes: int) -> dict[str, Fact]:
    """Software versions, the devices that train, one for each process, and the host.  Imports PyTorch."""
    import torch
    import torchvision

    from reference_impl.launch import threads_of_each

    facts: dict[str, Fact] = {
        "pythonVersion": platform.python_version(),
        "torchVersion": torch.__version__,
        "torchvisionVersion": torchvision.__version__,
        "operatingSystem": f"{platform.system()} {platform.release()}",
        "deviceKind": device,
        "deviceModel": _cpu(),
        "deviceCount": processes,
        "hostCpu": _cpu(),
        "threads": threads_of_each(processes),
        **_host_memory(),
    }
    if torch.version.cuda:
        facts["cudaVersion"] = torch.version.cuda
    if device == "cuda":
        facts["deviceModel"] = torch.cuda.get_device_name()
        if driver := _driver():
            facts["driverVersion"] = driver
    return facts


def peak_memory(processes: int) -> dict[str, Fact]:
    """Largest resident memory of this process so far, in bytes; nothing where the system does not tell.

    Where several processes train, the largest of any of them.
    """
    try:
        import resource
    except ImportError:
        return {}
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if processes > 1:
        largest = max(largest, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    return {"peakMemory": largest if platform.system() == "Darwin" else largest * 1024}


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _host_memory() -> dict[str, Fact]:
    try:
        return {"hostMemory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")}
    except (AttributeError, ValueError, OSError):
        return {}


def _driver() -> str | None:
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.splitlines()[0].strip()
