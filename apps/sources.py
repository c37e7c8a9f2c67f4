"""A digest of the code that a stored result depends on, without comments and docstrings."""

import ast
import hashlib
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path


def code_digest(files: Iterable[Path]) -> str:
    """sha256 of files, in the order of their names; of Python files only the code."""
    digest = hashlib.sha256()
    for file in sorted(set(files), key=lambda path: path.parts[-3:]):
        digest.update(_content(file))
    return digest.hexdigest()


@cache
def imported_files(module: str, packages: Sequence[str]) -> frozenset[Path]:
    """The files of a module and of all that it imports, also indirectly, from `packages`."""
    files, waiting = dict[str, Path](), [module]
    while waiting:
        name = waiting.pop()
        if name in files or name.partition(".")[0] not in {module.partition(".")[0], *packages}:
            continue
        file = _file(name)
        if file is None:  # a name within a module
            continue
        files[name] = file
        for node in ast.walk(ast.parse(files[name].read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
    return frozenset(files.values())


def _file(name: str) -> Path | None:
    if name in sys.modules:
        file = sys.modules[name].__file__
    else:
        try:
            spec = find_spec(name)
        except ModuleNotFoundError:
            return None
        file = spec.origin if spec else None
    return Path(file) if file else None


@cache
def _content(file: Path) -> bytes:
    content = file.read_bytes()
    if file.suffix != ".py":
        return content
    return ast.unparse(_Undocumented().visit(ast.parse(content))).encode()


class _Undocumented(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        """Remove statements that are only a constant, such as docstrings."""
        return None if isinstance(node.value, ast.Constant) else node
