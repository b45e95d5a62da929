"""Lists the public surface of the Python package as its source states it, one line for each thing that a host can name.

`python tests/surface/python.py > tests/surface/python.txt` writes the list anew; the test command compares it.
"""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "bindings/python/python/completion_coach"


def modules():
    for path in [*PACKAGE.glob("*.py"), PACKAGE / "_core.pyi"]:
        yield path.stem, ast.parse(path.read_text(encoding="utf-8")).body


def defined(body):
    """What a module defines, also under a condition such as `TYPE_CHECKING`."""
    for node in body:
        if isinstance(node, ast.If):
            yield from defined(node.body)
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node


MODULES = {stem: dict(defined(body)) for stem, body in modules()}


def find(name, stem):
    """A name where it is used, or wherever else it is defined as something that can be called or inherited from."""
    here = MODULES[stem].get(name)
    if here is not None:
        return here, stem
    for other in sorted(MODULES):
        node = MODULES[other].get(name)
        if node is not None:
            return node, other
    return None, stem


def public(stem):
    listed = MODULES[stem].get("__all__")
    if listed is not None:
        return sorted(ast.literal_eval(listed.value))
    return sorted(name for name in MODULES[stem] if not name.startswith("_"))


def signature(node):
    kind = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    marks = "".join(f"@{ast.unparse(mark)} " for mark in node.decorator_list)
    return f"{marks}{kind} {node.name}({ast.unparse(node.args)}){returns}"


def members(node, stem, exported):
    """The lines of a class, those of bases that nobody can name included."""
    for base in node.bases:
        inherited, where = find(ast.unparse(base), stem)
        if isinstance(inherited, ast.ClassDef) and inherited.name not in exported:
            yield from members(inherited, where, exported)
    for name, member in defined(node.body):
        if name.startswith("_") and name not in ("__init__", "__new__", "__call__"):
            continue
        if isinstance(member, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield signature(member)
        elif isinstance(member, ast.AnnAssign):
            default = f" = {ast.unparse(member.value)}" if member.value else ""
            yield f"{name}: {ast.unparse(member.annotation)}{default}"
        elif isinstance(member, ast.Assign):
            yield f"{name} = {ast.unparse(member.value)}"
        elif isinstance(member, ast.ClassDef):
            yield f"class {name}"


def main():
    exported = {name for stem in ("__init__", "errors", "testing") for name in public(stem)}
    for module, stem in (("completion_coach", "__init__"), ("completion_coach.testing", "testing")):
        for name in public(stem):
            node, where = find(name, stem)
            full = f"{module}.{name}"
            if isinstance(node, ast.ClassDef):
                bases = ", ".join(map(ast.unparse, [*node.bases, *node.keywords]))
                print(f"class {full}({bases})" if bases else f"class {full}")
                for line in dict.fromkeys(members(node, where, exported)):
                    print(f"{full}: {line}")
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                print(f"{full}: {signature(node)}")
            elif isinstance(node, ast.AnnAssign):
                print(f"{full}: {ast.unparse(node.annotation)}")
            elif isinstance(node, ast.Assign):
                print(f"{full} = {ast.unparse(node.value)}")
            else:
                print(f"{full}: a module or a name of another package")


if __name__ == "__main__":
    main()
