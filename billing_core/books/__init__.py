"""The checks of the books: what must hold at any instant, each with its sentence; what cannot be known is said."""

from billing_core.books.checks import CHECKS, Check
from billing_core.books.run import CheckResult, Outcome, check_books, record_checks

__all__ = ["CHECKS", "Check", "CheckResult", "Outcome", "check_books", "record_checks"]
