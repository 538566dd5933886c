"""Which assets `--select` means: single words as people know them from dbt, the rest is Dagster's language.

`name`, `+name` (and what it reads), `name+` (and what reads it), `2+name`, a layer such as `staging`, several
words (any of them), or Dagster's own `key:`, `group:`, `tag:`, `kind:`, `and`, `or`, `not`.
"""

import re
import warnings
from collections.abc import Sequence
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

from pipeline.errors import UsageError
from pipeline.export.tables import did_you_mean

_WORD = re.compile(r"(?P<up>\d*\+)?(?P<name>[\w/*]+)(?P<down>\+\d*)?\Z")
_REMEDY = "`margin-debt dictionary` lists the published tables, dbt_like_models/ all of them"


def select_assets(texts: Sequence[str], graph: BaseAssetGraph[Any]) -> set[dg.AssetKey]:
    """The keys that any of the texts selects. Raises UsageError for one that selects nothing."""
    groups = {node.group_name for node in graph.asset_nodes if node.group_name}
    keys: set[dg.AssetKey] = set()
    for text in texts:
        words = text.split()
        for one in words if all(map(_WORD.match, words)) else [text]:
            keys |= _selected(one, groups, graph)
    return keys


def _selected(text: str, groups: set[str], graph: BaseAssetGraph[Any]) -> set[dg.AssetKey]:
    word = _WORD.match(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Dagster's own parameters that are in beta
            found = dg.AssetSelection.from_string(_in_dagster(word, groups) if word else text).resolve(graph)
    except dg.DagsterError as problem:
        message = f"--select {text} is not understood: write name, +name, name+ or a layer such as staging"
        raise UsageError(message) from problem
    if not found:
        name = word["name"] if word else text
        known = {key.path[-1] for key in graph.get_all_asset_keys()} | groups
        message = f"--select {text} is no table or layer{did_you_mean(name, known)}: {_REMEDY}"
        raise UsageError(message)
    return set(found)


def _in_dagster(word: re.Match[str], groups: set[str]) -> str:
    name = word["name"]
    pattern = name if "/" in name else f"*/{name}"
    what = f'group:"{name}"' if name in groups else f'key:"{pattern}"'
    return f"{word['up'] or ''}{what}{word['down'] or ''}"


def select_marts(texts: Sequence[str]) -> list[str]:
    """Names of the published tables among what the texts select. Raises UsageError when there is none."""
    from pipeline.definitions import build_definitions  # noqa: PLC0415 it imports all of Dagster's side

    keys = select_assets(texts, build_definitions().resolve_asset_graph())
    names = sorted(key.path[1] for key in keys if key.path[0] == "marts")
    if not names:
        message = f"--select {' '.join(texts)} holds no published table: {_REMEDY}"
        raise UsageError(message)
    return names
