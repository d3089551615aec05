"""The tests mirror the tree: what is in bot/ is tested in tests/bot/."""
