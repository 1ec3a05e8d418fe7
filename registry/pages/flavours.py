"""How exported pages may look; apart, so that a command line can name the choices without loading a graph."""

PROFILES = ("ontologyblock", "page-properties")
"""Facts in bullets below `### OntologyBlock`, as the source pages have them; or in the head of the page."""

FLAVOURS = ("logseq", "obsidian")
"""Properties as `key:: value`, or as YAML front matter."""
