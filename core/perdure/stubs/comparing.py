"""Whether a file says what was generated, however a formatter has laid it out since."""

from __future__ import annotations

import ast


def says_the_same(source: str, generated: str) -> bool:
    """Whether two sources are the same but for their layout, their comments and the order of their imports."""
    try:
        return source == generated or meaning(source) == meaning(generated)
    except (SyntaxError, ValueError):
        return False


def meaning(source: str) -> str:
    """Return a source without what formatters change."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and any(isinstance(each, ast.ImportFrom) for each in body):
            imported = sorted(ast.dump(one) for each in body if isinstance(each, ast.ImportFrom) for one in single(each))
            others = [each for each in body if not isinstance(each, ast.ImportFrom)]
            node.body = [ast.Expr(ast.Constant(one)) for one in imported] + others  # type: ignore[attr-defined]
    return ast.dump(tree)


def single(statement: ast.ImportFrom) -> list[ast.ImportFrom]:
    """Return an import statement for each name of one."""
    return [ast.ImportFrom(statement.module, [alias], statement.level) for alias in statement.names]
