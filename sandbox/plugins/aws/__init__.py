"""The sandbox's ``aws`` provider: Pulumi's AWS types mapped onto botocore calls by a table per service."""
