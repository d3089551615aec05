"""The doctor: what is in order with an installation, and what is not, each with a way out."""
