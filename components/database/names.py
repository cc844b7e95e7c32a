"""Names that a database can't have. Pure functions."""

from __future__ import annotations

from components.refusals import Refusal

DATABASE_NAME = (
    "the name of a database: up to 63 of a-z, 0-9 and _, beginning with a letter, other than reserved words such as "
    "user"
)

# "Reserved" in appendix C of PostgreSQL 17's documentation, also where a function or a type may have the name.
_OF_POSTGRES = """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
    column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
    current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze
    from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
    localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
    returning right select session_user similar some symmetric system_user table tablesample then to trailing true union
    unique user using variadic verbose when where window with
"""
# RDS reserves more, and has no list of it: what users report that it refused.
_OF_RDS = "admin catalog comments dispatch flag identity rdsadmin"
# In every Postgres from the beginning. So is `postgres`, but RDS takes that name.
_TEMPLATES = "template0 template1"
_RESERVED = frozenset(f"{_OF_POSTGRES} {_OF_RDS} {_TEMPLATES}".split())


def check_database_name(name: str) -> None:
    """Raise Refusal when RDS does not make a database of this name, because the word is taken."""
    if name in _RESERVED:
        raise Refusal(f"{name} is a reserved word", allowed=DATABASE_NAME, fix=f"write {name}_db")
