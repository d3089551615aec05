"""When things happen: the school calendar, waves of check-ins, escalation, and the jobs that are due.

The calendar, the wave rules and the sample year are pure: every function takes the moment it asks about, and none reads
a clock or a file. The package may import `conversations`, `signals` and `store`; the `bot` package calls it.
"""
