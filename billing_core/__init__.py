"""The domain: words, pure rules, the store, and one file per question and per act."""
