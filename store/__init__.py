"""What is kept: tables, sealing, guarded queries, the outbox, due rows, the audit chain, and migrations.

Plain synchronous Python over a SQLModel `Session`. Nothing here knows of conversations or networks: state and messages
reach it as plain data. Only the caller (the runner in `bot`) commits. Every read about a pupil on behalf of a member of
staff goes through `store.guards`.
"""
