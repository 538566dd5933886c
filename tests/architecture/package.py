"""Reads the package's own source as syntax trees, for the tests beside it. No test lives here."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "pipeline"


@cache
def trees() -> dict[str, ast.Module]:
    """Dotted name -> syntax tree of every module; a package goes by its own name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(), str(path))
    return found


@cache
def imports() -> dict[str, frozenset[str]]:
    """Module -> what it imports, in functions too. `from a import b` counts as a.b where b is a module."""
    known = set(trees())
    found = {}
    for module, tree in trees().items():
        names: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module} imports relatively: write the whole name"
                base = node.module or ""
                submodules = {f"{base}.{alias.name}" for alias in node.names} & known
                names |= submodules or {base}
        found[module] = frozenset(names)
    return found


def reached(start: str) -> set[str]:
    """Every module of the package that importing `start` leads to, itself included."""
    seen, open_ends = set(), [start]
    while open_ends:
        module = open_ends.pop()
        if module in seen or module not in imports():
            continue
        seen.add(module)
        open_ends += imports()[module]
        open_ends += [module.rsplit(".", 1)[0]] if module.count(".") > 1 else []
    return seen


def inside(module: str, *packages: str) -> bool:
    """Whether a module is one of the packages or lies in one."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def calls(module: str) -> set[str]:
    """Dotted names of what a module calls or reads as an attribute: `os.environ`, `datetime.now`, `print`."""
    found = set()
    for node in ast.walk(trees()[module]):
        if isinstance(node, ast.Attribute):
            found.add(ast.unparse(node))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found.add(node.func.id)
    return found
