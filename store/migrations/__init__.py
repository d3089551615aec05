"""Alembic migrations; `earshot migrate` runs them."""
