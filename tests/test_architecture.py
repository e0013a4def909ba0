"""The architecture, as docs/architecture.md draws it, holds in the code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

# Each app may import itself and those after it.
LAYERS = ["scheduling", "backups", "devices", "credentials"]
# Modules through which people and programs come in; what they call must not know them.
ENTRANCES = {"admin", "api", "views", "urls"}
VENDOR_LIBRARIES = {"napalm", "netmiko", "ncclient", "jnpr", "pyeapi"}


def modules(app: str) -> Iterator[Path]:
    return (path for path in (settings.BASE_DIR / app).rglob("*.py") if "migrations" not in path.parts)


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def is_entrance(path: Path) -> bool:
    inside_app = path.relative_to(settings.BASE_DIR).parts[1:]
    return any(part.removesuffix(".py").split("_")[0] in ENTRANCES for part in inside_app)


@pytest.mark.parametrize("app", LAYERS)
def test_imports_point_one_way(app: str) -> None:
    above = set(LAYERS[: LAYERS.index(app)])
    wrong = {
        f"{path.relative_to(settings.BASE_DIR)} imports {name}"
        for path in modules(app)
        for name in imports(path)
        if name.split(".")[0] in above
    }
    assert not wrong


@pytest.mark.parametrize("app", LAYERS)
def test_domain_modules_do_not_know_who_calls_them(app: str) -> None:
    wrong = {
        f"{path.relative_to(settings.BASE_DIR)} imports {name}"
        for path in modules(app)
        if not is_entrance(path)
        for name in imports(path)
        if name.split(".")[0] in LAYERS and ENTRANCES & set(name.split(".")[1:])
    }
    assert not wrong


def test_only_the_connection_package_knows_the_vendor_libraries() -> None:
    wrong = {
        f"{path.relative_to(settings.BASE_DIR)} imports {name}"
        for app in (*LAYERS, "netraven")
        for path in modules(app)
        if path.parent != settings.BASE_DIR / "devices" / "connection" and "bench" not in path.as_posix()
        for name in imports(path)
        if name.split(".")[0] in VENDOR_LIBRARIES
    }
    assert not wrong


def test_the_application_runs_without_the_simulated_network() -> None:
    wrong = {
        f"{path.relative_to(settings.BASE_DIR)} imports {name}"
        for app in (*LAYERS, "netraven")
        for path in modules(app)
        if settings.BASE_DIR / "netraven" / "lab" not in path.parents
        for name in imports(path)
        if name.startswith("netraven.lab")
    }
    assert not wrong


def test_every_module_is_small_enough_to_read_at_once() -> None:
    long = {
        str(path.relative_to(settings.BASE_DIR)): count
        for app in (*LAYERS, "netraven")
        for path in modules(app)
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert not long
