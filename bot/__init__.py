"""How Earshot reaches people: the Telegram edge, the Slack edge, the runner, delivery, settings, wiring, command line.

Asynchronous code lives here alone, and only at the edges: an edge hands a whole batch to the worker, which runs plain
synchronous code in one thread, one transaction a batch.
"""
