"""The habits of the house hold in every file, and each check can fail."""

import importlib.metadata
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.tidy import CHECKS, File

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[1]
BYTES_MAX = 2_000_000
# The brackets keep a pattern from finding itself.
LOOSE_ENDS = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X]:)")
PACKAGE_INDEX = re.compile(r"pyp[i]\.org|pythonhoste[d]|npmj[s]\.|index-ur[l]", re.IGNORECASE)
MACHINE_PATH = re.compile(r"(^|[^\w.>)}/-])/(wor[k]|roo[t]|far[m]|home/\w+|Users/\w+)/")
SECRET = re.compile(
    r"\b[sr]k_liv[e]_\w{8}|\bwhse[c]_\w{8}|\bsk-an[t]-\w{8}|\bAKI[A][0-9A-Z]{16}|\bgh[ps]_\w{20}|\bxox[bp]-\w{8}"
    r"|-----BEGIN [A-Z ]*PRIVAT[E] KEY"
)
PRESENT_IN_SQL = re.compile(
    r"\bnow\(\)|\bcurrent_(date|time|timestamp)\b|\b(clock|statement)_timestamp\b", re.IGNORECASE
)


@cache
def repository() -> dict[str, bytes]:
    """Every file that is or could be committed, by its path."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607 - git is found by PATH
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    return {path: (ROOT / path).read_bytes() for path in sorted(listed) if path and (ROOT / path).is_file()}


@cache
def python_files() -> list[File]:
    return [File(path, content.decode()) for path, content in repository().items() if path.endswith(".py")]


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    """Every line of the repository's text files where the pattern occurs."""
    found = []
    for path, content in repository().items():
        if b"\0" in content[:8000]:
            continue
        lines = content.decode(errors="replace").splitlines()
        found += [f"{path}:{number}: {line[:120]}" for number, line in enumerate(lines, 1) if pattern.search(line)]
    return found


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_file_keeps_the_habit(check):
    findings = [f"{file.path}:{line}: {sentence}" for file in python_files() for line, sentence in check(file)]

    assert not findings, "\n".join([check.__doc__, *findings])


BAD = {
    "long_file": ("a.py", "x = 1\n" * 401),
    "long_function": ("a.py", "def f():\n" + "    x = 1\n" * 50),
    "crowded_call": ("billing_core/a.py", "def f(a, b, c, d, e): ..."),
    "missing_sentence": ("a.py", "import os"),
    "vague_name": ("billing_core/date_utils.py", ""),
    "unexplained_ignore": ("a.py", "x = 1  # " + "noqa"),
    "swallowed_error": ("a.py", "try:\n    f()\nexcept Exception:\n    pass"),
    "float_money": ("billing_core/money.py", "share = amount * 0.1"),
    "read_clock": ("billing_core/queries/a.py", "now = datetime.now(UTC)"),
    "mutable_dataclass": ("billing_core/a.py", "@dataclass\nclass A: ..."),
    "async_core": ("billing_core/queries/a.py", "async def margin(): ..."),
    "unmarked_test": ("tests/unit/test_a.py", "def test_a(): ..."),
    "silent_skip": ("tests/unit/test_a.py", "@pytest.mark.skip\ndef test_a(): ..."),
    "page_imports_page": ("pages/costs/overview.py", "from pages.costs import customers"),
    "composed_sql": ("billing_core/queries/a.py", "connection.execute(text(f'select {column}'))"),
}
ALSO_BAD = [
    ("vague_name", "ingestion/a.py", "class UsageManager: ..."),
    ("unexplained_ignore", "a.py", "x = 1  # " + "type: ignore"),
    ("unexplained_ignore", "a.py", "x = 1  # " + "type: ignore[arg-type]"),
    ("swallowed_error", "a.py", "for x in y:\n  try:\n    f()\n  except:\n    continue"),
    ("swallowed_error", "a.py", "try:\n    f()\nexcept BaseException: ..."),
    ("swallowed_error", "a.py", "with contextlib.suppress(Exception):\n    f()"),
    ("float_money", "billing_core/pricing.py", "round(amount)"),
    ("float_money", "billing_core/price_book/a.py", "float(amount)"),
    ("float_money", "ingestion/a.py", "column.astype(np.float64)"),
    ("read_clock", "tests/unit/test_a.py", "datetime.datetime.utcnow()"),
    ("read_clock", "app.py", "started = time.time()"),
    ("mutable_dataclass", "billing_core/a.py", "@dataclass(frozen=False)\nclass A: ..."),
    ("silent_skip", "tests/test_a.py", "pytest.skip()"),
    ("silent_skip", "tests/test_a.py", "pytest.mark.skipif(sys.platform == 'darwin')"),
    ("silent_skip", "tests/test_a.py", "pytest.importorskip('pandas')"),
    ("page_imports_page", "pages/costs/overview.py", "import pages.costs.customers"),
    ("composed_sql", "api/a.py", "connection.execute('select ' + column)"),
    ("composed_sql", "api/a.py", "cursor.execute('select %s' % column)"),
    ("composed_sql", "api/a.py", "cursor.execute('select {}'.format(column))"),
    ("composed_sql", "api/a.py", "cursor.execute(f'set local statement_timeout = {limit:5}')"),
    ("composed_sql", "api/a.py", "statement = f'select {column}'\ncursor.execute(statement)"),
]
GOOD = [
    ("long_file", "a.py", "x = 1\n" * 400),
    ("long_function", "a.py", "def f():\n" + "    x = 1\n" * 49),
    ("crowded_call", "billing_core/a.py", "def f(a, b, c, d, *, e): ..."),
    ("missing_sentence", "a.py", '"""What a customer costs."""'),
    ("unexplained_ignore", "a.py", "x = 1  # " + "noqa: S603 - every word is ours"),
    ("unexplained_ignore", "a.py", "x = 1  # " + "type: ignore[arg-type]  # pandas' stubs are too narrow"),
    ("swallowed_error", "a.py", "try:\n    f()\nexcept OSError:\n    pass"),
    ("swallowed_error", "a.py", "try:\n    f()\nexcept Exception:\n    log.exception('job failed')"),
    ("float_money", "billing_core/money.py", "if isinstance(amount, float): ..."),
    ("float_money", "pages/a.py", "height = 0.5"),
    ("float_money", "billing_core/money.py", "def settle(exact, step):\n    return round(exact / step) * step"),
    ("read_clock", "billing_core/clock.py", "datetime.now(UTC)"),
    ("read_clock", "a.py", "time.monotonic()"),
    ("mutable_dataclass", "billing_core/a.py", "@dataclass(frozen=True)\nclass A: ..."),
    ("unmarked_test", "tests/test_a.py", "pytestmark = [pytest.mark.postgres, pytest.mark.security]"),
    ("silent_skip", "tests/test_a.py", "pytest.skip('no second time zone on this machine')"),
    ("page_imports_page", "pages/costs/overview.py", "from pages.parts import money_text"),
    ("page_imports_page", "pages/_router.py", "from pages.costs import customers"),
    ("composed_sql", "pages/a.py", "st.text(f'{count} customers')"),
    ("composed_sql", "api/a.py", "connection.execute(text('select 1'))"),
    ("composed_sql", "api/a.py", "cursor.execute(f'set local statement_timeout = {limit:d}')"),
    ("composed_sql", "api/a.py", "cursor.execute(sql.SQL('select {}').format(sql.Literal(1)))"),
]
BY_NAME = {check.__name__: check for check in CHECKS}


@pytest.mark.parametrize(("name", "path", "snippet"), [*((n, *v) for n, v in BAD.items()), *ALSO_BAD])
def test_each_check_finds_what_it_is_for(name, path, snippet):
    assert list(BY_NAME[name](File(path, snippet)))


@pytest.mark.parametrize(("name", "path", "snippet"), GOOD)
def test_each_check_leaves_the_good_form_alone(name, path, snippet):
    assert list(BY_NAME[name](File(path, snippet))) == []


def test_no_check_lacks_a_bad_example():
    assert BAD.keys() == BY_NAME.keys()


@pytest.mark.parametrize(
    ("pattern", "example"),
    [
        (LOOSE_ENDS, "# TO_DO: later"),
        (PACKAGE_INDEX, "--extra-index-u_rl=somewhere"),
        (MACHINE_PATH, "open('/wo_rk/main/a.csv')"),
        (SECRET, "AK_IA0123456789ABCDEF"),
    ],
    ids=["loose ends", "package index", "path of a machine", "secret"],
)
def test_no_file_contains(pattern, example):
    assert pattern.search(example.replace("_", ""))
    assert lines_with(pattern) == []


def test_no_file_is_large():
    assert [path for path, content in repository().items() if len(content) > BYTES_MAX] == []


def test_each_question_is_one_sql_file_and_one_module():
    queries = {Path(path): text for path, text in repository().items() if path.startswith("billing_core/queries/")}
    asking = {
        path.stem for path, text in queries.items() if re.search(rb"^from .* import .*\bask\b", text, re.MULTILINE)
    }

    assert {path.stem for path in queries if path.suffix == ".sql"} == asking


def test_no_question_reads_the_clock():
    in_questions = [line for line in lines_with(PRESENT_IN_SQL) if line.startswith("billing_core/queries/sql/")]

    assert PRESENT_IN_SQL.search("where at < now()")
    assert in_questions == []


def test_every_rule_is_held_to_purity_and_to_full_coverage():
    """The layers of pyproject.toml say which modules are rules and words; only the clock may look outside."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract.get("containers") == ["billing_core"])
    rules = {name for layer in layers[-2:] for name in re.findall(r"\w+", layer)} - {"clock"}
    pure = next(contract["source_modules"] for contract in contracts if contract["name"].startswith("Rules"))
    covered = re.search(r"^RULES := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert {name.removeprefix("billing_core.") for name in pure} == rules
    assert {Path(path.removesuffix("/*")).stem for path in covered[1].split(",")} == rules


def test_the_lock_pins_with_hashes_exactly_what_the_project_needs():
    lock = (ROOT / "requirements.lock").read_text()
    pins = re.findall(
        r"^([a-z0-9-]+)==([^ ]+)((?: ;[^\\\n]*)?) \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", lock, re.MULTILINE
    )
    here = {
        name
        for name, _, marker in pins
        if Requirement(f"{name}{marker}").marker is None or Requirement(f"{name}{marker}").marker.evaluate()
    }

    assert len(pins) == len(re.findall("^[^ ]", lock, re.MULTILINE)), "a pin without a hash"
    assert here == needed()


def needed() -> set[str]:
    """The names of every package that pyproject.toml asks for, directly or through another, on this machine."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(line) for line in project["dependencies"] + project["optional-dependencies"]["dev"]]
    seen: set[tuple[str, str]] = set()
    while wanted:
        requirement = wanted.pop()
        for extra in ("", *sorted(requirement.extras)):
            node = (canonicalize_name(requirement.name), extra)
            if node in seen:
                continue
            seen.add(node)
            for line in importlib.metadata.requires(requirement.name) or ():
                child = Requirement(line)
                if child.marker is None or child.marker.evaluate({"extra": extra}):
                    wanted.append(child)
    return {name for name, _ in seen}
