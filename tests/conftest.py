"""What every test may use."""

pytest_plugins = ("tests.reporting", "tests.databases", "tests.imports", "tests.web")
