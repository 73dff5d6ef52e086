"""The durable record of what was decided and what happened.

- One writer; a fact is written once under its key.
- An older file is backed up before it is brought to the new schema.
"""
