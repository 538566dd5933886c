"""What the package's own source never does: run text as code, start a shell, listen to others, cut a key."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from package import calls, imports, trees

# A pickle runs what its writer wants, a shell splits names that venues chose, and text is no code.
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "code", "codeop"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load"}
UNSAFE_ENDINGS = (".unsafe_load", ".read_pickle", ".to_pickle", ".getoutput", ".create_subprocess_shell")
# What makes a process listen.
LISTENERS = {"TCPSite", "HTTPServer", "ThreadingHTTPServer", "TCPServer", "start_server", "run_app"}


def keywords(module: str) -> Iterator[tuple[str, object]]:
    """Every keyword argument with a constant value."""
    for node in ast.walk(trees()[module]):
        if isinstance(node, ast.keyword) and node.arg is not None and isinstance(node.value, ast.Constant):
            yield node.arg, node.value.value


@pytest.mark.parametrize("module", list(trees()))
def test_no_text_becomes_code_and_no_shell_is_started(module: str) -> None:
    called = calls(module)
    assert not called & UNSAFE_CALLS
    assert not {name.split(".", 1)[0] for name in imports()[module]} & UNSAFE_MODULES
    assert not [name for name in called if name.endswith(UNSAFE_ENDINGS)]
    assert ("shell", True) not in set(keywords(module))
    assert ("allow_pickle", True) not in set(keywords(module))


def test_what_listens_listens_to_this_machine_alone() -> None:
    listening = {
        module for module in trees() if any(name.rsplit(".", 1)[-1] in LISTENERS for name in calls(module))
    }
    assert listening == {"pipeline.replay.server"}
    (address,) = [
        node.value.value
        for node in trees()["pipeline.replay.server"].body
        if isinstance(node, ast.Assign)
        and [getattr(one, "id", "") for one in node.targets] == ["ADDRESS"]
        and isinstance(node.value, ast.Constant)
    ]
    assert address == "127.0.0.1"
    (site,) = [
        node
        for node in ast.walk(trees()["pipeline.replay.server"])
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("TCPSite")
    ]
    assert ast.unparse(site.args[1]) == "ADDRESS"
    # Dagster's page is told where to listen; that it does is tests/e2e/test_unattended.py
    (words,) = [
        [one.value for one in node.elts if isinstance(one, ast.Constant)]
        for node in ast.walk(trees()["pipeline.dev"])
        if isinstance(node, ast.List) and any(getattr(one, "value", "") == "--host" for one in node.elts)
    ]
    assert words[words.index("--host") + 1] == "127.0.0.1"


def test_no_address_of_all_machines_is_written_anywhere() -> None:
    found = [
        module
        for module, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value == "0.0.0.0"  # noqa: S104 what must not be
    ]
    assert found == []


def cut_in_texts(module: str) -> list[str]:
    """Every slice within an f-string."""
    return [
        ast.unparse(part)
        for node in ast.walk(trees()[module])
        if isinstance(node, ast.FormattedValue)
        for part in ast.walk(node)
        if isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Slice)
    ]


def test_what_a_venue_sent_is_cut_after_keys_are_gone() -> None:
    """A key that was cut is known no more: messages take `quoted`, which cuts in the right order."""
    assert {
        name: cut for name in trees() if name.startswith("pipeline.venues") if (cut := cut_in_texts(name))
    } == {}


def test_what_is_looked_for_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same questions of a module that does all of it."""
    source = (
        "import pickle, os, subprocess\n"
        "eval('1'); exec('1'); os.system('ls'); subprocess.run('ls', shell=True)\n"
        "np.load('x', allow_pickle=True); HTTPServer(('', 0), None)\n"
        "f'{str(value)[:40]!r} is no number'\n"
    )
    monkeypatch.setitem(trees(), "bad", ast.parse(source))
    assert {"eval", "exec", "os.system"} <= calls("bad") & UNSAFE_CALLS
    assert {("shell", True), ("allow_pickle", True)} <= set(keywords("bad"))
    assert "HTTPServer" in calls("bad") & LISTENERS
    assert cut_in_texts("bad") == ["str(value)[:40]"]
