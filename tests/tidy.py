"""What one Python file may not contain here: one function per habit of the house, each yielding (line, sentence)."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

LINES_MAX = 400
FUNCTION_LINES_MAX = 50
POSITIONAL_MAX = 4
VAGUE = {"util", "utils", "helper", "helpers", "manager", "base", "common", "misc"}
MARKS = {"unit", "property", "postgres", "security", "scenario", "page", "browser", "fault", "bench", "stripe"}
ROUND = {"settle", "whole_rate"}
WAITS = "billing_core/store/embedded"  # The launcher's pauses are seconds, not money.
PRESENT = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
SKIPS = {"pytest.skip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail", "pytest.xfail"}
RUNS_SQL = {"execute", "executemany", "exec_driver_sql", "text", "copy", "read_sql", "scalar", "scalars"}

Finding = tuple[int, str]


@dataclass(frozen=True)
class File:
    """One Python file: its path inside the repository and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[Any]:
        """Every node of its syntax."""
        return list(ast.walk(self.tree))

    @cached_property
    def comments(self) -> list[Finding]:
        """Its comments with their lines; what looks like one inside a string is none."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]

    def all(self, *kinds: type[ast.AST]) -> Iterator[Any]:
        """Every node of these kinds."""
        return (node for node in self.nodes if isinstance(node, kinds))

    def within(self, *places: str) -> bool:
        """Whether this is one of these files, or in one of these folders."""
        return self.path.startswith(places)


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for a name, an attribute or the function of a call, `...` for an ellipsis, else nothing."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...:
        return "..."
    if isinstance(node, ast.Call):
        return dotted(node.func)
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def long_file(file: File) -> Iterator[Finding]:
    """A file fits in 400 lines."""
    lines = len(file.text.splitlines())
    if lines > LINES_MAX:
        yield LINES_MAX, f"has {lines} lines, more than {LINES_MAX}: split it by meaning"


def long_function(file: File) -> Iterator[Finding]:
    """A function fits on a screen."""
    for function in file.all(ast.FunctionDef, ast.AsyncFunctionDef):
        lines = function.end_lineno - function.lineno + 1
        if lines > FUNCTION_LINES_MAX:
            yield function.lineno, f"{function.name} has {lines} lines, more than {FUNCTION_LINES_MAX}"


def crowded_call(file: File) -> Iterator[Finding]:
    """More than four arguments are named."""
    if file.within("tests/", "cli/"):
        return  # Fixtures are arguments by name, and so are a command's options.
    for function in file.all(ast.FunctionDef, ast.AsyncFunctionDef):
        names = [argument.arg for argument in function.args.args if argument.arg not in {"self", "cls"}]
        if len(names) > POSITIONAL_MAX:
            yield function.lineno, f"{function.name} takes {len(names)} arguments by position: name them after *"


def missing_sentence(file: File) -> Iterator[Finding]:
    """Every module opens with one sentence on what it knows."""
    first_line = (ast.get_docstring(file.tree) or "").split("\n")[0]
    if not re.match(r"[A-Z`].*[.?]$", first_line):
        yield 1, "does not open with one sentence, on one line, that says what it knows"


def vague_name(file: File) -> Iterator[Finding]:
    """A name says what a thing is."""
    names = [(1, part) for part in PurePosixPath(file.path).with_suffix("").parts]
    names += [(node.lineno, node.name) for node in file.all(ast.ClassDef)]
    for line, name in names:
        words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
        for word in sorted(words & VAGUE):
            yield line, f"the name {name} says {word!r}, not what it is"


def unexplained_ignore(file: File) -> Iterator[Finding]:
    """A silenced check names its code and its reason."""
    good = re.compile(r"#\s*(type: ignore\[[\w, -]+\]|noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*|pragma: no cover)\W+\w.{6,}")
    for line, comment in file.comments:
        if re.search(r"#\s*(type:\s*ignore|noqa|pragma:\s*no cover)", comment) and not good.search(comment):
            yield line, f"{comment!r} needs a code and a reason on its line"


def swallowed_error(file: File) -> Iterator[Finding]:
    """A bug is never caught and hidden."""
    for handler in file.all(ast.ExceptHandler):
        everything = handler.type is None or dotted(handler.type) in {"Exception", "BaseException"}
        says_nothing = all(isinstance(step, ast.Pass | ast.Continue) or dotted(step) == "..." for step in handler.body)
        if everything and says_nothing:
            yield handler.lineno, "catches everything and says nothing"
    for call in file.all(ast.Call):
        if dotted(call).endswith("suppress") and {dotted(each) for each in call.args} & {"Exception", "BaseException"}:
            yield call.lineno, "suppresses everything"


def float_money(file: File) -> Iterator[Finding]:
    """Money is whole numbers and decimals; only settle() rounds."""
    if not file.within("billing_core/", "ingestion/") or file.within(WAITS):
        return
    refused = {id(each) for call in file.all(ast.Call) if dotted(call) == "isinstance" for each in ast.walk(call)}
    settling = {id(each) for f in file.all(ast.FunctionDef) if f.name in ROUND for each in ast.walk(f)}
    for node in file.all(ast.Name, ast.Attribute, ast.Constant):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno, f"the float {node.value} stands where money is"
        elif dotted(node) == "round" and id(node) not in settling:
            yield node.lineno, "round() stands where money is: settle() rounds amounts, whole_rate() rates"
        elif re.search(r"\b[fF]loat(16|32|64|_)?$", dotted(node)) and id(node) not in refused:
            yield node.lineno, f"{dotted(node)} stands where money is"


def read_clock(file: File) -> Iterator[Finding]:
    """`now` is an argument; only billing_core/clock.py reads it. Timers may use time.monotonic."""
    if file.path == "billing_core/clock.py":
        return
    for node in file.all(ast.Attribute):
        if ".".join(dotted(node).split(".")[-2:]) in PRESENT:
            yield node.lineno, f"{dotted(node)} reads the clock: take `now` as an argument, or ask billing_core.clock"


def mutable_dataclass(file: File) -> Iterator[Finding]:
    """A value does not change: every dataclass of the core is frozen."""
    if not file.within("billing_core/"):
        return
    for owner in file.all(ast.ClassDef):
        for decorator in owner.decorator_list:
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in getattr(decorator, "keywords", ())}
            if dotted(decorator).endswith("dataclass") and given.get("frozen") != "True":
                yield owner.lineno, f"the dataclass {owner.name} is not frozen"


def async_core(file: File) -> Iterator[Finding]:
    """Only the outermost layer is asynchronous (docs/decisions/0002)."""
    if file.within("billing_core/", "ingestion/", "scheduler/", "cli/", "pages/"):
        for node in file.all(ast.AsyncFunctionDef, ast.Await, ast.AsyncWith, ast.AsyncFor):
            yield node.lineno, "is asynchronous: let app.py or api hand the work to a thread"


def unmarked_test(file: File) -> Iterator[Finding]:
    """Every test module says, in its pytestmark, which kinds of tests it holds."""
    if not PurePosixPath(file.path).name.startswith("test_"):
        return
    assigned = [
        node for node in file.tree.body if isinstance(node, ast.Assign) and dotted(node.targets[0]) == "pytestmark"
    ]
    marks = {dotted(node).removeprefix("pytest.mark.") for each in assigned for node in ast.walk(each.value)}
    if not marks & MARKS:
        yield 1, f"has no pytestmark with one of the marks {', '.join(sorted(MARKS))}"


def silent_skip(file: File) -> Iterator[Finding]:
    """A test that does not run says why."""
    for node in file.all(ast.Attribute):
        if dotted(node) == "pytest.importorskip":
            yield node.lineno, "importorskip hides a test: the lock installs everything"
    called = {id(call.func): call for call in file.all(ast.Call)}
    for node in file.all(ast.Attribute):
        if dotted(node) not in SKIPS:
            continue
        call = called.get(id(node))
        words = [each.value for each in (call.keywords if call else ()) if each.arg == "reason"]
        words += [each for each in (call.args if call else ()) if dotted(node) in {"pytest.skip", "pytest.xfail"}]
        if not words or any(isinstance(each, ast.Constant) and not each.value for each in words):
            yield node.lineno, f"{dotted(node)} gives no reason"


def page_imports_page(file: File) -> Iterator[Finding]:
    """Pages share pages.parts and nothing else; only the router knows them all."""
    if not file.within("pages/") or file.within("pages/_router.py", "pages/parts/", "pages/parts.py"):
        return
    imports = [(node.lineno, node.module or "") for node in file.all(ast.ImportFrom)]
    imports += [
        (node.lineno, f"pages.{alias.name}")
        for node in file.all(ast.ImportFrom)
        for alias in node.names
        if node.module == "pages"
    ]
    imports += [(node.lineno, alias.name) for node in file.all(ast.Import) for alias in node.names]
    for line, name in imports:
        if name.startswith("pages.") and not re.match(r"pages\.parts(\.|$)", name):
            yield line, f"imports the page {name}: share through pages.parts"


def composed_sql(file: File) -> Iterator[Finding]:
    """SQL is a constant, a .sql file, or composed by psycopg.sql; only whole numbers (`:d`) stand in its text."""
    if file.within("tests/", "billing_core/store/migrations/"):
        return  # Migrations write the same words for every table of their own list; tests break in on purpose.
    built = {
        dotted(target)
        for node in file.all(ast.Assign, ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if node.value is not None and _builds_text(node.value)
    }
    for call in file.all(ast.Call):
        whose, _, what = dotted(call).rpartition(".")
        if what not in RUNS_SQL or whose in {"st", "shutil"} or not call.args:
            continue
        statement = call.args[0]
        if _builds_text(statement) or (dotted(statement) in built and not isinstance(statement, ast.Call)):
            yield call.lineno, "runs SQL that is put together as text"


def _builds_text(node: ast.AST) -> bool:
    """Whether a value is an f-string, a sum, a % or a .format of text; psycopg's sql.SQL(…).format is none.

    `:d` refuses at run time whatever is no whole number; some settings of PostgreSQL take no bound parameter.
    """
    if isinstance(node, ast.JoinedStr):
        values = [part for part in node.values if isinstance(part, ast.FormattedValue)]
        return any(value.format_spec is None or ast.unparse(value.format_spec) != "f'd'" for value in values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return any(isinstance(side, ast.JoinedStr | ast.Constant | ast.BinOp) for side in (node.left, node.right))
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"format", "replace", "join"}
    ):
        return isinstance(node.func.value, ast.Constant) or _builds_text(node.func.value)
    return False


CHECKS: tuple[Callable[[File], Iterator[Finding]], ...] = (
    long_file,
    long_function,
    crowded_call,
    missing_sentence,
    vague_name,
    unexplained_ignore,
    swallowed_error,
    float_money,
    read_clock,
    mutable_dataclass,
    async_core,
    unmarked_test,
    silent_skip,
    page_imports_page,
    composed_sql,
)
