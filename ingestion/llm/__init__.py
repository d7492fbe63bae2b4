"""LLM usage from outside: what each provider's usage block means."""
