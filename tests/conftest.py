"""What every test may use."""

pytest_plugins = ("tests.reporting", "tests.databases", "tests.demo_books", "tests.imports", "tests.web")
