"""What a user can set: `settings` are plain dataclasses for every layer, `loading` checks them (pydantic, yaml)."""
