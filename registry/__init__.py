"""The knowledge graph and benchmark registry of contrastive and self-supervised learning.

from registry import Registry
Registry.open().leaderboard("shapes_knn")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registry.catalogue import Registry as Registry
    from registry.errors import RegistryError as RegistryError

__version__ = "0.1.0"
__all__ = ["Registry", "RegistryError", "__version__"]


def __getattr__(name: str) -> object:
    # Loaded when asked for: `registry --help` must not wait for the RDF store.
    if name == "Registry":
        from registry.catalogue import Registry

        return Registry
    if name == "RegistryError":
        from registry.errors import RegistryError

        return RegistryError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
