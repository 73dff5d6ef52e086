"""Law 4 by machine: nothing in the engine but the dispatcher makes a request that writes."""

import ast
from pathlib import Path

ENGINE = Path(__file__).resolve().parents[2] / "engine"
WRITES = {"PlaceOrder", "ModifyOrder", "CancelOrder"}
ALLOWED = {"orders/dispatcher.py", "orders/messages.py"}


def test_only_the_dispatcher_makes_requests_that_write() -> None:
    found = [
        f"{name}:{node.lineno} makes {node.func.id}"
        for path in sorted(ENGINE.rglob("*.py"))
        if (name := path.relative_to(ENGINE).as_posix()) not in ALLOWED and not name.startswith("brokers/")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WRITES
    ]
    assert found == []
