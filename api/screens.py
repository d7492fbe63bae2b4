"""The few screens outside Streamlit: sign-in, a new password, and the sentence when nothing else can be shown."""

from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from string import Template

from starlette.responses import HTMLResponse

from billing_core.sign_in import PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

SIGN_IN = """<form method="post">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" autocomplete="username" required {email_focus} value="{email}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required {password_focus}>
<button>Sign in</button>
</form>"""

NEW_PASSWORD = f"""<form method="post">
<label for="old">Present password</label>
<input id="old" name="old" type="password" autocomplete="current-password" required autofocus>
<label for="new">New password</label>
<input id="new" name="new" type="password" autocomplete="new-password" required
 minlength="{PASSWORD_LENGTH_MIN}" maxlength="{PASSWORD_LENGTH_MAX}">
<button>Change password</button>
</form>"""


def sign_in_screen(*, email: str = "", note: str = "", status: int = 200) -> HTMLResponse:
    """Draw the sign-in form, with what went wrong above it."""
    focus = {"email_focus": "" if email else "autofocus", "password_focus": "autofocus" if email else ""}
    form = SIGN_IN.format(email=escape(email), **focus)
    return _screen("Sign in", "Your books are a password away.", _note(note) + form, status=status)


def new_password_screen(*, note: str = "", status: int = 200) -> HTMLResponse:
    """Draw the form for a new password."""
    lead = f"At least {PASSWORD_LENGTH_MIN} characters. Every other session of yours ends."
    return _screen("Change password", lead, _note(note) + NEW_PASSWORD, status=status)


def sentence_screen(title: str, sentence: str, *, status: int) -> HTMLResponse:
    """Draw one sentence, and a way to try again."""
    return _screen(title, escape(sentence), '<a href="">Try again</a>', status=status)


def _note(note: str) -> str:
    return f'<div class="note" role="alert">{escape(note)}</div>' if note else ""


def _screen(title: str, lead: str, body: str, *, status: int) -> HTMLResponse:
    text = _template().substitute(title=title, lead=lead, body=body, fonts=_fonts())
    return HTMLResponse(text, status, headers={"content-security-policy": POLICY, "cache-control": "no-store"})


@cache
def _template() -> Template:
    return Template(Path(__file__).with_name("screen.html").read_text(encoding="utf-8"))


@cache
def _fonts() -> str:
    """Return the faces of the fonts that Streamlit carries, so that these screens look like the pages."""
    found = find_spec("streamlit")
    if found is None or found.origin is None:
        return ""
    media = Path(found.origin).parent / "static" / "static" / "media"
    fonts = {"Ledger Sans": "SourceSansVF-Upright*.woff2", "Ledger Serif": "SourceSerifVariable-Roman*.woff2"}
    return "\n".join(
        f'@font-face {{ font-family: "{family}"; src: url("/static/media/{path.name}"); font-weight: 200 900; }}'
        for family, pattern in fonts.items()
        for path in media.glob(pattern)
    )
