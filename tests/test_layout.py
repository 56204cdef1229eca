"""How the parts of Hallway lie: who may import whom, and that the README names what there is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import client
import server
from serverlib.terminal import COMMANDS, help_text

CHECKOUT = Path(__file__).resolve().parent.parent
FOLDERS = ("clientlib", "serverlib", "windowlib")
FILES = sorted([*CHECKOUT.glob("*.py"), *(file for folder in FOLDERS for file in (CHECKOUT / folder).glob("*.py"))])
MODULES = {file.stem for file in CHECKOUT.glob("*.py")} | set(FOLDERS)
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")

# What each part may import of Hallway's own. What lies at the top and is no front door is shared by both sides.
SHARED: dict[str, set[str]] = {
    "names": set(),
    "protocol": {"names"},
    "history": set(),
    "link": set(),
    "certificate": set(),
    "pace": set(),
    "discovery": {"names", "pace", "protocol"},
}
BY_BOTH = set(SHARED)
MAY_IMPORT: dict[str, set[str]] = {
    **SHARED,
    "password_gen": {"protocol"},  # for its version alone, where that is beside it
    "serverlib": BY_BOTH | {"serverlib"},
    "server": BY_BOTH | {"serverlib"},
    "clientlib": BY_BOTH - {"history"} | {"clientlib"},
    "windowlib": BY_BOTH - {"history", "link"} | {"clientlib", "windowlib"},
    "client": BY_BOTH | {"clientlib", "windowlib"},
}


def part_of(file: Path) -> str:
    """Whose rules a file has: its folder's, or its own at the top."""
    return file.stem if file.parent == CHECKOUT else file.parent.name


def imported(file: Path) -> set[str]:
    """The modules and packages that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CHECKOUT)))
def test_imports_run_one_way(file: Path) -> None:
    """The server and the client know what both share and not each other; nothing imports a front door."""
    assert imported(file) & MODULES <= MAY_IMPORT[part_of(file)]


def test_the_window_alone_needs_tk() -> None:
    """A server and a console may be on a computer without it."""
    with_tk = {part_of(file) for file in FILES if "tkinter" in imported(file)}

    assert with_tk == {"windowlib", "password_gen"}


def table_of(heading: str) -> str:
    """The lines of the README between a heading and the next one."""
    return README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_readme_names_every_file() -> None:
    """Whoever reads where to read first finds each front door and shared file, and the parts of server and client."""
    table = table_of("What Hallway promises, and what stands behind it")
    named = set(re.findall(r"`(\w+\.py)`", table))
    there = {file.name for file in FILES if part_of(file) != "windowlib" and file.name != "__init__.py"}

    assert there <= named
    assert named <= {file.name for file in FILES} | {file.name for file in (CHECKOUT / "tests").glob("*.py")}


def test_readme_has_the_servers_flags(capsys: pytest.CaptureFixture[str]) -> None:
    """Its table has every flag that `--help` lists, and no other."""
    with pytest.raises(SystemExit):
        server.main(["--help"])
    listed = set(re.findall(r"^  (?:-h, )?(--[a-z-]+)", capsys.readouterr().out, re.MULTILINE)) - {"--help"}

    assert set(re.findall(r"^\| `(--[a-z-]+)", table_of("The server"), re.MULTILINE)) == listed


def test_readme_has_the_clients_flags(capsys: pytest.CaptureFixture[str]) -> None:
    """The line it shows has every flag that `--help` lists, and no other."""
    with pytest.raises(SystemExit):
        client.main(["--help"])
    listed = set(re.findall(r"^  (?:-h, )?(--[a-z-]+)", capsys.readouterr().out, re.MULTILINE)) - {"--help"}
    [line] = re.findall(r"^    python3 client\.py (\[.*)$", table_of("The client"), re.MULTILINE)

    assert set(re.findall(r"--[a-z-]+", line)) == listed


def test_readme_has_the_operators_commands() -> None:
    """What it says can be typed is what `help` answers."""
    assert len(COMMANDS) > 5
    assert "\n".join(f"    {line}" for line in help_text().splitlines()) in README


def test_pip_installs_every_part() -> None:
    """What lies at the top and the three folders are named in pyproject.toml, which finds nothing by itself."""
    project = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    [lists] = re.findall(r"^py-modules = \[(.*?)\]\npackages = \[(.*?)\]$", project, re.DOTALL | re.MULTILINE)

    assert {name for names in lists for name in re.findall(r'"(\w+)"', names)} == MODULES
