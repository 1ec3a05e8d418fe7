"""The keys under which pages of our own graph state its properties.

A property that is not in the table is stated under its local name in small letters; `own_names` gives
it a page of that name, by which it is found again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from registry.namespaces import PREFIXES, iri, slug


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key, its property, and what a value that is neither a link nor quoted stands for."""

    name: str
    predicate: str
    plain: str = "quoted"
    """text: in English; string; id; date: of a day or a year; address; flag; number; word: of the
    vocabulary; strings or numbers: an ordered list.  With `quoted` every literal is written with its type."""


def _rows(text: str) -> Iterable[OwnKey]:
    for line in text.split("\n"):
        if line.strip():
            name, predicate, *plain = line.split()
            yield OwnKey(name, iri(*predicate.split(":")), *plain)


OWN_KEYS = tuple(
    _rows(
        """
    type                rdf:type
    term-id             skos:notation            id
    preferred-term      skos:prefLabel           text
    full-title          dcterms:title            text
    definition          skos:definition          text
    alias               skos:altLabel            text
    status              reg:pageStatus           string
    maturity            reg:maturity             string
    version             owl:versionInfo          string
    last-updated        dcterms:modified         date
    source-domain       reg:sourceDomain         string
    public-access       reg:publicAccess         flag
    ontology            reg:isOntologyPage       flag
    authority-score     reg:authorityScore       number
    formula             reg:formula              string
    is-subclass-of      skos:broader
    related-to          skos:related
    same-as             skos:exactMatch
    variant-of          reg:variantOf
    introduced-in       reg:introducedIn
    borrows-from        reg:borrowsFrom
    uses-component      reg:usesComponent
    implementation      reg:implementation       string
    differs-from-paper  reg:differsFromPaper     text
    open-question       reg:openQuestion         text
    evidence-level      reg:evidenceLevel        word
    authors             reg:authors              strings
    date                dcterms:date             date
    arxiv-id            fabio:hasArXivId         string
    doi                 prism:doi                string
    address             fabio:hasURL             address
    published-in        schema:isPartOf          string
    publisher           dcterms:publisher        string
    repository          schema:codeRepository
    commit              reg:commit               string
    path                reg:path                 string
    license             dcterms:license          string
    dataset             reg:dataset
    task                reg:task
    protocol            reg:protocol
    metric              reg:metric
    training-split      reg:trainingSplit        string
    evaluation-split    reg:evaluationSplit      string
    benchmark-version   reg:version              number
    verification-tolerance reg:verificationTolerance number
    unit                qudt:hasUnit
    higher-is-better    reg:higherIsBetter       flag
    minimum             reg:minimum              number
    maximum             reg:maximum              number
    synthetic           reg:synthetic            flag
    loader              reg:loader               string
    channel-mean        reg:channelMean          numbers
    channel-std         reg:channelStd           numbers
    homepage            schema:url
    based-on            schema:isBasedOn
    note                skos:editorialNote       text
    comment             rdfs:comment             text
    source              dcterms:source           string
    """
    )
)
"""In the order in which a page states them."""

BY_NAME = {key.name: key for key in OWN_KEYS}

ALSO_CALLED = "alternative-terms"
"""For labels that cannot be aliases in Logseq, because they are the name or an alias of another page."""
STATED_BY, STATED_TEXT = "stated-by", "stated-text"
"""Beside `is-subclass-of`: a parent as a source gives it, and the words of the source."""

PAGE_KEYS = {
    "iri": iri("dcterms", "identifier"),
    "url": iri("schema", "url"),
    ALSO_CALLED: iri("skos", "altLabel"),
    STATED_BY: iri("dcterms", "source"),
    STATED_TEXT: iri("reg", "statedText"),
    "is-subclass-of": iri("rdfs", "subClassOf"),
}
"""What the page of a key says it means, where that is no row of the table or not only."""

NOT_STATED = frozenset(iri(*name.split(":")) for name in ("skos:inScheme", "reg:assertion", "reg:split"))
"""Stated otherwise: by the kind of subject, in blocks of their own, or in a table."""


def stated(predicate: str) -> bool:
    """Whether a page states a property as a key; settings stand in tables."""
    settings = predicate.startswith((PREFIXES["hp"], PREFIXES["ep"]))
    return predicate not in NOT_STATED and not settings


def key_name(predicate: str) -> str:
    """The local name of a property that is not in the table, as Logseq writes keys."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", slug(predicate)).lower()
    return re.sub(r"[^a-z0-9]+", "-", words).strip("-") or "property"
