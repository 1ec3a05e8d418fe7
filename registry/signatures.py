"""What keywords a class or function takes, read from its source text without running it.

The graph names classes as text, and `registry check` compares recipes with constructors on
machines that have no PyTorch.  So this reads the source: keyword-only parameters of a function or
of `__init__`, or the fields of a dataclass, with simple types (bool, int, float, str, tuples of
int or float, and Literal choices, also by an alias or imported name).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from registry.errors import BadSetting

CONSUMERS = (
    "reference_impl.encoders:build_encoder",
    "reference_impl.augment:Augmentation",
    "reference_impl.training:Training",
)
"""What takes the settings of a recipe, beside the class of the method and the optimiser."""

OPTIMISERS = "reference_impl.optimisers"
"""The module whose function of the name that the setting `optimiser` gives takes settings as well."""

Setting = bool | int | float | str | tuple[int, ...] | tuple[float, ...]


def consumers(implementation: str, settings: Mapping[str, Setting]) -> list[str]:
    """What takes these settings of a method with that implementation; raises BadSetting."""
    optimiser = settings.get("optimiser")
    named = optimiser in keywords("reference_impl.training:Training")["optimiser"].choices
    return [implementation, *CONSUMERS, *([f"{OPTIMISERS}:{optimiser}"] if named else [])]


@dataclass(frozen=True)
class Keyword:
    """A keyword and what it takes: "int", "float", "tuple[int, ...]", ...; or one of `choices`."""

    name: str
    kind: str
    choices: tuple[str, ...] = ()

    def accept(self, value: Setting) -> Setting:
        """The value as the parameter wants it (a whole number where a float is due becomes one).

        Raises BadSetting.
        """
        if self.choices:
            if value in self.choices:
                return value
            raise BadSetting(f"{self.name} is one of {', '.join(self.choices)}, not {value!r}")
        if isinstance(value, tuple) and self.kind.startswith("tuple"):
            item = Keyword(self.name, self.kind.removeprefix("tuple[").removesuffix(", ...]"))
            return tuple(item.accept(member) for member in value)  # type: ignore[return-value]
        if self.kind == "float" and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if type(value).__name__ == self.kind:
            return value
        raise BadSetting(f"{self.name} takes {self.kind}, not {value!r}")

    def parse(self, text: str) -> Setting:
        """The value that a person typed; raises BadSetting."""
        if self.choices or self.kind == "str":
            return self.accept(text)
        if self.kind == "bool":
            if text.lower() in ("true", "false"):
                return text.lower() == "true"
            raise BadSetting(f"{self.name} takes true or false, not {text!r}")
        try:
            if self.kind.startswith("tuple"):
                number = float if "float" in self.kind else int
                return tuple(number(part) for part in text.split(",") if part.strip())
            return int(text) if self.kind == "int" else float(text)
        except ValueError:
            raise BadSetting(f"{self.name} takes {self.kind}, not {text!r}") from None


@cache
def keywords(pointer: str) -> dict[str, Keyword]:
    """The keywords of "package.module:Name"; raises BadSetting when there is no such thing."""
    module, _, name = pointer.partition(":")
    tree = _tree(module)
    if tree is None:
        raise BadSetting(f"{pointer} names the module {module!r}, which does not exist")
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return _of_function(node, module)
        if isinstance(node, ast.ClassDef) and node.name == name:
            for member in node.body:
                if isinstance(member, ast.FunctionDef) and member.name == "__init__":
                    return _of_function(member, module)
            return {
                member.target.id: _keyword(member.target.id, member.annotation, module)
                for member in node.body
                if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name)
            }
    raise BadSetting(f"{pointer} names {name!r}, which {module} does not define")


def match(values: Mapping[str, Setting], consumers: Mapping[str, Mapping[str, Keyword]]) -> list[str]:
    """What is wrong with `values`, whose every key must be taken by exactly one of the consumers."""
    problems = []
    takers: dict[str, list[str]] = {}
    for consumer, taken in consumers.items():
        for name, keyword in taken.items():
            takers.setdefault(name, []).append(consumer)
            if name not in values:
                problems.append(f"{name} is missing, which {consumer} takes")
                continue
            try:
                keyword.accept(values[name])
            except BadSetting as error:
                problems.append(str(error))
    problems += [f"{name} is taken by nothing" for name in values if name not in takers]
    problems += [f"{name} is taken by {' and '.join(who)}" for name, who in takers.items() if len(who) > 1]
    return sorted(problems)


@cache
def _tree(module: str) -> ast.Module | None:
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    try:
        return ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise BadSetting(f"{module} does not parse: {error.msg}, line {error.lineno}") from error


def _of_function(node: ast.FunctionDef, module: str) -> dict[str, Keyword]:
    return {argument.arg: _keyword(argument.arg, argument.annotation, module) for argument in node.args.kwonlyargs}


def _keyword(name: str, annotation: ast.expr | None, module: str) -> Keyword:
    choices = _choices(annotation, module)
    kind = "str" if choices else ast.unparse(annotation) if annotation else "str"
    return Keyword(name, kind, choices)


def _choices(annotation: ast.expr | None, module: str) -> tuple[str, ...]:
    """The strings of a Literal, given in place, by an alias of the module, or by an imported alias."""
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "Literal":
        inner = annotation.slice
        members = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        return tuple(str(member.value) for member in members if isinstance(member, ast.Constant))
    if not isinstance(annotation, ast.Name):
        return ()
    tree = _tree(module)
    for node in tree.body if tree else []:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == annotation.id:
            return _choices(node.value, module)
        if isinstance(node, ast.ImportFrom) and annotation.id in [alias.name for alias in node.names]:
            return _choices(annotation, node.module or "")
    return ()
