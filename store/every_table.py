"""Every table of the store: whoever goes through all of them imports this first.

A table is known once its module was imported, and a command imports only what it needs: a backup that went through the
known ones alone would leave the others out, and nobody would be told.
"""

import store.care_tables
import store.guardian_tables
import store.key_tables
import store.people_tables
import store.plan_tables
import store.question_tables
import store.rights_tables
import store.school_tables
import store.signal_tables
import store.tables  # noqa: F401 (each fills the metadata)
